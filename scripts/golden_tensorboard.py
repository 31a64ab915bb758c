"""Writes test/golden/tensorboard.json: events, and the bytes of the file that TensorBoard's own writer makes of them.

    python scripts/golden_tensorboard.py    # needs tensorboard
"""

import base64
import io
import json
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.summary.writer.record_writer import RecordWriter

OUT = Path(__file__).resolve().parent.parent / "test/golden/tensorboard.json"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="

EVENTS = [
    {"wallTime": 1700000000.25, "step": 0, "values": [{"tag": "accuracy/clean", "simpleValue": 0.0}]},
    {
        "wallTime": 1700000001.5,
        "step": 300,
        "values": [{"tag": "loss", "simpleValue": 1.25}, {"tag": "terms/naïve ‖w‖", "simpleValue": -3e-9}],
    },
    {
        "wallTime": 1700000002.0,
        "step": 2**33,
        "values": [
            {
                "tag": "nonzero_weights/fc1",
                "histo": {
                    "min": -0.5,
                    "max": 0.5,
                    "num": 7.0,
                    "sum": 0.25,
                    "sumSquares": 1.5,
                    "bucketLimit": [-0.25, 0.0, 0.25, 0.5],
                    "bucket": [1.0, 2.0, 0.0, 4.0],
                },
            }
        ],
    },
    {
        "wallTime": 1700000003.0,
        "step": 2**33,
        "values": [
            {
                "tag": "attacks/1 (test image 3: 1; pgd, L∞ 0.300; taken for 7)",
                "image": {"height": 1, "width": 1, "colorspace": 1, "encodedImageString": PNG},
            }
        ],
    },
]


def value_of(value):
    made = Summary.Value(tag=value["tag"])
    if "simpleValue" in value:
        made.simple_value = value["simpleValue"]
    if "histo" in value:
        histo = dict(value["histo"])
        names = {"sumSquares": "sum_squares", "bucketLimit": "bucket_limit"}
        made.histo.CopyFrom(HistogramProto(**{names.get(key, key): item for key, item in histo.items()}))
    if "image" in value:
        image = value["image"]
        made.image.CopyFrom(
            Summary.Image(
                height=image["height"],
                width=image["width"],
                colorspace=image["colorspace"],
                encoded_image_string=base64.b64decode(image["encodedImageString"]),
            )
        )
    return made


def main():
    began = EVENTS[0]["wallTime"]
    file = io.BytesIO()
    writer = RecordWriter(file)
    writer.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
    for event in EVENTS:
        values = [value_of(value) for value in event["values"]]
        made = Event(wall_time=event["wallTime"], step=event["step"], summary=Summary(value=values))
        writer.write(made.SerializeToString())
    golden = {"began": began, "events": EVENTS, "file": base64.b64encode(file.getvalue()).decode()}
    OUT.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
    print(f"{OUT.name}: {len(file.getvalue())} bytes")


main()
