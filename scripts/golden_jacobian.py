"""Writes test/golden/jacobian.json: the term of `matchJacobian` by PyTorch, which differentiates twice.

    python scripts/golden_jacobian.py    # needs torch and numpy; seconds on a CPU

    L = 1/n · Σ_i (ε·‖∇_x v_i·(student(x_i) − teacher(x_i))‖₁)²

and ∂L/∂weights of the student. We take the norm by a difference between x and x + h·d. The networks are piecewise
linear, so both agree as long as no ReLU changes sides on the way: of `SEARCHED` sets of images the file has the one whose
ReLUs stay farthest from that, and whose slopes stay farthest from 0, where their sign would be by chance; `margin` says
how far (≤ 0: a ReLU changes sides). Weights, images and v come from `seeded`, which the tests compute too
(test/support/numbers.ts). All of it is float64 on float32 inputs; `float32` says how far PyTorch's own float32 lies.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import rounded, seeded

EXAMPLES, CLASSES, SIDE = 3, 3, 8
IMAGES, SIGNS, TEACHER, SEARCHED = 1000, 50, 100, 2000
EPSILON, STEP = 0.3, 0.01


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, 2, 1)
        self.fc1 = nn.Linear(48, 5)
        self.fc2 = nn.Linear(5, CLASSES)

    def units(self, x):
        before = self.conv(x)
        hidden = self.fc1(F.relu(before).flatten(1))
        return before.flatten(1), hidden

    def forward(self, x):
        return self.fc2(F.relu(self.units(x)[1]))


def value_of(shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    u = u * np.sqrt(6 / np.prod(shape[1:])) if len(shape) > 1 else u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fresh(dtype, seed=0):
    net = Net()
    shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    net.load_state_dict({name: value_of(shape, seed + i) for i, (name, shape) in enumerate(shapes.items(), 1)})
    return net.to(dtype)


def inputs(images, dtype):
    size = EXAMPLES * SIDE * SIDE
    pixels = (np.floor((seeded(images, size).astype(np.float64) + 1) * 128) / 255).astype(np.float32)
    signs = np.where(seeded(SIGNS, EXAMPLES * CLASSES) < 0, -1, 1).reshape(EXAMPLES, CLASSES)
    return torch.from_numpy(pixels.reshape(EXAMPLES, 1, SIDE, SIDE)).to(dtype), torch.from_numpy(signs).to(dtype)


def slopes_of(student, teacher, x, v):
    x = x.clone().requires_grad_()
    return torch.autograd.grad((v * (student(x) - teacher(x))).sum(), x, create_graph=True)[0]


def results(images, dtype):
    student, teacher = fresh(dtype), fresh(dtype, TEACHER)
    x, v = inputs(images, dtype)
    norms = slopes_of(student, teacher, x, v).abs().sum((1, 2, 3))
    loss = ((EPSILON * norms) ** 2).mean()
    loss.backward()
    gradients = {
        n: torch.zeros_like(p).flatten().tolist() if p.grad is None else p.grad.double().flatten().tolist()
        for n, p in student.named_parameters()
    }
    return {"loss": loss.item(), "gradients": gradients}


def margin_of(images):
    """How far every ReLU of the student is from changing sides between x and x + h·d, and every slope from 0."""
    student, teacher = fresh(torch.float64), fresh(torch.float64, TEACHER)
    x, v = inputs(images, torch.float64)
    slopes = slopes_of(student, teacher, x, v).detach()
    found = [slopes.abs()[slopes != 0].min()]
    for before, after in zip(student.units(x), student.units(x + STEP * slopes.sign())):
        found.append((torch.minimum(before.abs(), after.abs()) * torch.sign(before * after)).min())
    for before in teacher.units(x):
        found.append(before.abs().min())
    return min(value.item() for value in found)


def gap(a, b):
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))


torch.set_num_threads(1)
margin, chosen = max((margin_of(seed), seed) for seed in range(IMAGES, IMAGES + SEARCHED))
truth, single = results(chosen, torch.float64), results(chosen, torch.float32)
golden = {
    "provenance": {
        "script": "scripts/golden_jacobian.py",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    },
    "settings": {
        "examples": EXAMPLES,
        "images": chosen,
        "signs": SIGNS,
        "teacher": TEACHER,
        "epsilon": EPSILON,
        "step": STEP,
        "margin": margin,
        "tensors": [[name, list(value.shape)] for name, value in Net().state_dict().items()],
    },
    "float32": rounded(
        {
            "loss": gap(single["loss"], truth["loss"]),
            "gradients": max(gap(single["gradients"][n], truth["gradients"][n]) for n in truth["gradients"]),
        },
        2,
    ),
    **rounded(truth, 9),
}
target = Path(__file__).resolve().parent.parent / "test/golden/jacobian.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, margin {margin:.2g}")
print(json.dumps(golden["float32"], indent=1))
