"""Writes test/golden/bounds.json: CROWN's lower bounds of margins by auto_LiRPA, of networks of random weights.

    python scripts/golden_bounds.py    # needs torch, numpy and auto_LiRPA 0.7; seconds on a CPU

Weights and images come from `seeded`, which the tests compute too (test/support/numbers.ts). A margin is the logit of class
0 minus that of another class. The L-infinity ball is cut to pixels in [0, 1]. The bounds of all ReLUs' inputs are CROWN's
too, without interval bounds in between; the line below a ReLU is the one that leaves the smaller area ("adaptive").
"""

import json
import platform
from pathlib import Path

import auto_LiRPA
import numpy as np
import torch
from auto_LiRPA import BoundedModule, BoundedTensor
from auto_LiRPA.perturbations import PerturbationLpNorm
from torch import nn

from golden_numbers import rounded, seeded

EXAMPLES, CLASSES, SIDE, IMAGES = 3, 3, 6, 1000


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, 1, 1)
        self.conv2 = nn.Conv2d(4, 4, 3, 1, 1)
        self.shortcut = nn.Conv2d(4, 4, 1, 1, 0)
        self.fc1 = nn.Linear(4 * 9, 8)
        self.fc2 = nn.Linear(8, CLASSES)

    def forward(self, x):
        y = torch.relu(self.conv1(x))
        y = torch.relu(self.conv2(y) + self.shortcut(y))
        y = nn.functional.avg_pool2d(y, 2).flatten(1)
        return self.fc2(torch.relu(self.fc1(y)))


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2 * SIDE * SIDE, 12)
        self.fc2 = nn.Linear(12, 10)
        self.fc3 = nn.Linear(10, CLASSES)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x.flatten(1))))))


def value_of(shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    u = u * np.sqrt(6 / np.prod(shape[1:])) if len(shape) > 1 else u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def bounds(make, norm, epsilon):
    net = make()
    shapes = [(name, tuple(value.shape)) for name, value in net.state_dict().items()]
    net.load_state_dict({name: value_of(shape, i) for i, (name, shape) in enumerate(shapes, 1)})
    net = net.eval()
    size = 2 * SIDE * SIDE
    # Images are rows, columns, channels in the tests.
    images = torch.from_numpy(np.abs(seeded(IMAGES, EXAMPLES * size)).reshape(EXAMPLES, SIDE, SIDE, 2)).permute(0, 3, 1, 2)
    bounded = BoundedModule(net, torch.zeros_like(images), bound_opts={"relu": "adaptive", "sparse_intermediate_bounds": False})
    # For L2 it would bound a convolution on the pixels by intervals, which are wide at the padding.
    bounded.check_IBP_first_linear = lambda node: False
    bounded.check_IBP_intermediate = lambda node: False
    low, high = (images - epsilon).clamp(min=0), (images + epsilon).clamp(max=1)
    cut = {"x_L": low, "x_U": high} if norm == np.inf else {}
    ball = BoundedTensor(images, PerturbationLpNorm(norm=norm, eps=epsilon, **cut))
    margins = torch.zeros(EXAMPLES, CLASSES - 1, CLASSES)
    margins[:, :, 0] = 1
    for other in range(1, CLASSES):
        margins[:, other - 1, other] = -1
    lower, _ = bounded.compute_bounds(x=(ball,), C=margins, method="CROWN", bound_upper=False)
    return {
        "network": make.__name__,
        "norm": "Linf" if norm == np.inf else "L2",
        "epsilon": epsilon,
        "tensors": [[name, list(shape)] for name, shape in shapes],
        "lower": lower.tolist(),
    }


cases = [
    bounds(make, norm, epsilon)
    for make in (Residual, Plain)
    for norm, epsilon in ((np.inf, 0.02), (np.inf, 0.1), (2, 0.05), (2, 0.4))
]
written = {
    "source": f"auto_LiRPA {auto_LiRPA.__version__}, torch {torch.__version__}, Python {platform.python_version()}",
    "settings": {"examples": EXAMPLES, "classes": CLASSES, "side": SIDE, "images": IMAGES},
    "cases": rounded(cases, 8),
}
path = Path(__file__).resolve().parent.parent / "test" / "golden" / "bounds.json"
path.write_text(json.dumps(written, indent=1) + "\n")
