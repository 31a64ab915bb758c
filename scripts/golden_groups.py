"""Writes test/golden/groups.json: grouped and depth-wise convolutions, their outputs and gradients, by PyTorch.

    python scripts/golden_groups.py    # needs torch and numpy; a second

Weights and images come from `seeded`, which the tests compute too (test/support/numbers.ts). All results are of float64
arithmetic on float32 numbers. The loss is the sum of the logits, each times a seeded number.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from golden_numbers import seeded

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, CLASSES, CHANNELS, HEIGHT, WIDTH = 3, 3, 4, 9, 8

# in, out, kernel, stride, padding, groups, bias of each convolution of a network, with a ReLU behind it.
NETWORKS = {
    "depth-wise": [(4, 4, 3, 1, 1, 4, True), (4, 4, 3, 2, 1, 4, False)],
    "depth-wise, several outputs for each input": [(4, 12, 3, 2, 1, 4, True), (12, 24, 2, 1, 0, 12, False)],
    "depth-wise, pixel by pixel": [(4, 8, 1, 2, 0, 4, True)],
    "grouped": [(4, 6, 3, 1, 1, 2, True), (6, 9, 3, 2, 1, 3, False)],
    "grouped, with and without a stride": [(4, 8, 1, 2, 0, 2, False), (8, 8, 3, 1, 2, 4, True)],
    "separable": [(4, 4, 3, 1, 1, 4, False), (4, 10, 1, 1, 0, 1, True), (10, 10, 5, 2, 2, 10, True)],
}


def value_of(shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    scale = np.sqrt(6 / np.prod(shape[1:])) if len(shape) > 1 else 1 / 4
    return torch.from_numpy((u * scale).astype(np.float32).reshape(shape)).double()


def results(layers):
    modules = [m for i, o, k, s, p, g, b in layers for m in (nn.Conv2d(i, o, k, s, p, groups=g, bias=b), nn.ReLU())]
    features = nn.Sequential(*modules, nn.Flatten())
    size = features(torch.zeros(1, CHANNELS, HEIGHT, WIDTH)).shape[1]
    net = nn.Sequential(features, nn.Linear(size, CLASSES)).double()
    for seed, parameter in enumerate(net.parameters(), 1):
        parameter.data = value_of(tuple(parameter.shape), seed)
    pixels = (seeded(100, EXAMPLES * CHANNELS * HEIGHT * WIDTH).astype(np.float64) + 1) / 2
    images = torch.from_numpy(pixels.astype(np.float32).reshape(EXAMPLES, CHANNELS, HEIGHT, WIDTH)).double()
    images.requires_grad_()
    logits = net(images)
    mix = torch.from_numpy(seeded(101, EXAMPLES * CLASSES).reshape(EXAMPLES, CLASSES)).double()
    (logits * mix).sum().backward()
    rounded = lambda tensor: [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]
    convolutions = [p for p in features.parameters()]
    return {
        "layers": [dict(zip(("in", "out", "kernel", "stride", "padding", "groups", "bias"), layer)) for layer in layers],
        "logits": rounded(logits),
        "gradients": [rounded(p.grad) for p in convolutions],
        "image_gradient": rounded(images.grad),
    }


written = {
    "examples": EXAMPLES,
    "classes": CLASSES,
    "input": {"channels": CHANNELS, "height": HEIGHT, "width": WIDTH},
    "torch": torch.__version__.split("+")[0],
    "networks": {name: results(layers) for name, layers in NETWORKS.items()},
}
(ROOT / "test/golden/groups.json").write_text(json.dumps(written, separators=(",", ":")) + "\n")
