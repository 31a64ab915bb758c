"""One attack of torchattacks on the public MNIST network, timed, to stand beside ours in one run.

    python3 attacks_torchattacks.py --attack pgd|apgd-ce|apgd-t|fab-t|square|autoattack --data-dir DIR \
        --checkpoint mnist_fastat_pgd.pth [--examples 250] [--batch 250] [--epsilon 0.3] [--seed 0] [--threads 2]

Every attack has the steps, targets, restarts and queries of the official AutoAttack `standard`; torchattacks' own
defaults are weaker (10 steps instead of 100, and a schedule of Square that is stretched). Prints one JSON line:
{"seconds", "clean", "robust", "passes", "mebibytes"}; passes are forward passes per example, MiB the peak of the
process. Needs torch (CPU), torchattacks and numpy.
"""

import argparse
import gzip
import json
import resource
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torchattacks


def idx(folder, name, offset):
    for place in (Path(folder) / part for part in ("", "mnist", "MNIST/raw")):
        for spelling in (name, name.replace("-idx", ".idx")):
            if (place / f"{spelling}.gz").exists():
                return np.frombuffer(gzip.open(place / f"{spelling}.gz").read(), np.uint8, offset=offset)
            if (place / spelling).exists():
                return np.frombuffer((place / spelling).read_bytes(), np.uint8, offset=offset)
    raise FileNotFoundError(f"{name} in {folder}")


def mnist_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(1568, 100), nn.ReLU(), nn.Linear(100, 10))


def pgd(net, eps, seed):
    torch.manual_seed(seed)
    return torchattacks.PGD(net, eps=eps, alpha=0.01, steps=40)


def apgd_ce(net, eps, seed):
    return torchattacks.APGD(net, norm="Linf", eps=eps, steps=100, n_restarts=1, seed=seed, loss="ce", eot_iter=1)


def apgd_t(net, eps, seed):
    return torchattacks.APGDT(net, norm="Linf", eps=eps, steps=100, n_restarts=1, seed=seed, eot_iter=1, n_classes=10)


def fab_t(net, eps, seed):
    return torchattacks.FAB(
        net, norm="Linf", eps=eps, steps=100, n_restarts=1, seed=seed, multi_targeted=True, n_classes=10)


def square(net, eps, seed):
    return torchattacks.Square(
        net, norm="Linf", eps=eps, n_queries=5000, n_restarts=1, seed=seed, loss="margin", resc_schedule=False)


def autoattack(net, eps, seed):
    whole = torchattacks.AutoAttack(net, norm="Linf", eps=eps, version="standard", n_classes=10, seed=seed)
    # Its own stages have 10 steps each; these are the official ones, which it then runs as it would run its own.
    whole._autoattack.attacks = [make(net, eps, seed) for make in (apgd_ce, apgd_t, fab_t, square)]
    return whole


ATTACKS = {
    "pgd": pgd, "apgd-ce": apgd_ce, "apgd-t": apgd_t, "fab-t": fab_t, "square": square, "autoattack": autoattack}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--attack", choices=ATTACKS, required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--examples", type=int, default=250)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--epsilon", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)

    net = mnist_net()
    net.load_state_dict(torch.load(a.checkpoint, map_location="cpu", weights_only=True))
    net.eval()
    images = idx(a.data_dir, "t10k-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[: a.examples]
    images = torch.tensor(images.astype("float32") / 255)
    labels = torch.tensor(idx(a.data_dir, "t10k-labels-idx1-ubyte", 8)[: a.examples].astype("int64"))
    passes = 0

    def count(_module, inputs, _logits):
        nonlocal passes
        passes += len(inputs[0])

    torchattacks.PGD(net, eps=a.epsilon, alpha=0.01, steps=5)(images[: a.batch], labels[: a.batch])  # warm-up
    counting = net.register_forward_hook(count)
    attack = ATTACKS[a.attack](net, a.epsilon, a.seed)
    began = time.perf_counter()
    adversarial = torch.cat([attack(x, y) for x, y in zip(images.split(a.batch), labels.split(a.batch))])
    seconds = time.perf_counter() - began
    counting.remove()

    distance = (adversarial - images).abs().max().item()
    if distance > a.epsilon + 1e-6 or adversarial.min() < 0 or adversarial.max() > 1:
        raise ValueError(f"{a.attack} left the ball: {distance}")
    with torch.no_grad():
        clean = net(images).argmax(1) == labels
        robust = clean & (net(adversarial).argmax(1) == labels)
    print(json.dumps({
        "seconds": seconds, "clean": clean.float().mean().item(), "robust": robust.float().mean().item(),
        "passes": passes / len(images),
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
