"""Reads what `pwoa-run tensorboard` wrote with the real TensorBoard, and compares it with the run folder.

    pwoa-run tensorboard RUN && python scripts/check_tensorboard.py RUN [LOGDIR]    # needs tensorboard and numpy

Every number must come back: as float32 where it is a scalar. LOGDIR is RUN/tensorboard where it is not named. Exits
with 1 and the first difference where something is missing or different.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def same(name, found, wanted):
    if found != wanted:
        sys.exit(f"{name}: expected {str(wanted)[:300]}, got {str(found)[:300]}")
    return len(wanted)


def wanted_scalars(steps, events):
    """(step, value) by tag, in the order of the run."""
    wanted = {}

    def add(tag, step, value):
        wanted.setdefault(tag, []).append((step, float(np.float32(value))))

    for step in steps:
        add("loss", step["step"], step["loss"])
        add("training/learning_rate", step["step"], step["learningRate"])
        add("training/seconds_per_step", step["step"], step["seconds"])
        for name, value in step["terms"].items():
            add(f"terms/{name}", step["step"], value)
    for logged in events:
        step, event = logged["step"], logged["event"]
        if event["type"] == "evaluation":
            accuracies = {"clean": event["accuracies"]["clean"], **event["accuracies"]["attacks"]}
            for name, value in accuracies.items():
                add(f"accuracy/{name}", step, value)
        if event["type"] == "admm":
            add("admm/rho", step, event["rho"])
            add("admm/primal_residual", step, event["primal"])
            add("admm/dual_residual", step, event["dual"])
        if event["type"] == "parameters":
            counts = event["counts"]
            add("parameters/kept", step, counts["kept"])
            if counts["prunable"] > 0:
                add("parameters/sparsity", step, 1 - counts["prunableKept"] / counts["prunable"])
        if event["type"] == "weights":
            for layer in event["layers"]:
                add(f"layer_sparsity/{layer['name']}", step, layer["zeros"] / layer["size"])
    return wanted


def check_histograms(board, events):
    wanted = {}
    for logged in events:
        if logged["event"]["type"] == "weights":
            for layer in logged["event"]["layers"]:
                if layer["bound"] > 0:
                    wanted.setdefault(f"nonzero_weights/{layer['name']}", []).append((logged["step"], layer))
    same("tags of histograms", sorted(board.Tags()["histograms"]), sorted(wanted))
    for tag, layers in wanted.items():
        found = board.Histograms(tag)
        same(f"steps of {tag}", [one.step for one in found], [step for step, _ in layers])
        for one, (_, layer) in zip(found, layers):
            histogram, kept, bound = one.histogram_value, layer["size"] - layer["zeros"], layer["bound"]
            edges = np.linspace(-bound, bound, len(layer["histogram"]) + 1)[1:]
            assert histogram.num == kept and histogram.min == -bound and histogram.max == bound, tag
            assert np.allclose(histogram.bucket_limit, edges, atol=1e-9 * bound), tag
            assert np.allclose(histogram.bucket, np.array(layer["histogram"]) * kept, rtol=1e-12), tag
            assert math.isclose(sum(histogram.bucket), kept, rel_tol=1e-3), tag
    return sum(map(len, wanted.values()))


def check_images(board, folder):
    pictures = {file.stem: file.read_text().count("<image ") // 3 for file in folder.glob("attacks*.svg")}
    wanted = sorted(f"{name}/{i + 1}" for name, count in pictures.items() for i in range(count))
    tags = board.Tags()["images"]
    same("tags of images", sorted(tag.split(" (")[0] for tag in tags), wanted)
    for tag in tags:
        (image,) = board.Images(tag)
        png = image.encoded_image_string
        assert png[:8] == b"\x89PNG\r\n\x1a\n", tag
        size = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
        same(f"size of {tag}", (image.width, image.height), size)
    return len(wanted)


def main():
    folder = Path(sys.argv[1])
    logdir = Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "tensorboard"
    # 0: keeps everything.
    board = EventAccumulator(str(logdir), size_guidance={"scalars": 0, "histograms": 0, "images": 0})
    board.Reload()
    steps, events = lines(folder / "metrics.jsonl"), lines(folder / "events.jsonl")
    wanted = wanted_scalars(steps, events)
    same("tags of scalars", sorted(board.Tags()["scalars"]), sorted(wanted))
    numbers = 0
    for tag, values in wanted.items():
        found = board.Scalars(tag)
        numbers += same(tag, [(one.step, one.value) for one in found], values)
        times = [one.wall_time for one in found]
        assert times == sorted(times), f"times of {tag}"
    histograms, images = check_histograms(board, events), check_images(board, folder)
    print(f"{numbers} scalars under {len(wanted)} tags, {histograms} histograms, {images} images: as in the run folder")


main()
