"""Writes test/golden/apd.json: steps of the baseline APD by PyTorch, written from the formulas of `proximalMask` and `apd`.

    python scripts/golden_apd.py    # needs torch and numpy; seconds on a CPU

    L = cross entropy + α·T²·KL(softmax(teacher/T) ‖ softmax(student/T)) averaged over examples and classes, on attacked images
    W ← prox(W − lr·∂L), prox(w) = argmin_v ½‖v − w‖² + τ·1[v ≠ 0], for each weight, filter or column

√(2τ) is, at step t of T, the percentile of the layer's scores before the step that the share of zeros s·(1 − (1 − t/T)³)
says; s = 1 − 1/rate. Behind the last step the weights are projected and one step follows under their mask.

The networks are linear: two layers, no ReLU. Weights and images come from `seeded`, which the tests compute too
(test/support/numbers.ts). All of it is float64 on float32 inputs; `float32` says how far PyTorch's own float32 lies. A score
that is nearly on its threshold may fall on either side in float32: of those of `SEARCHED` sets of images under which the
loss falls, and pruned weights and filters come back, the file has the one whose scores stay farthest from that; `margin`
says how far.
"""

import json
import platform
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import rounded, seeded

EXAMPLES, CLASSES, SIDE, HIDDEN = 6, 3, 4, 6
IMAGES, ATTACK, TEACHER, SEARCHED = 1000, 0.1, 100, 500
APD = {"rate": 2.2, "steps": 3, "lr": 0.14, "retrain_lr": 0.05, "temperature": 4, "alpha": 10}
RETURNING = ("irregular", "filter")
LAYERS = ("fc1.weight", "fc2.weight")

# Σ over what goes together, of a weight as outputs × inputs.
SQUARES = {
    "irregular": lambda w: w**2,
    "filter": lambda w: (w**2).sum(1, keepdim=True),
    "column": lambda w: (w**2).sum(0, keepdim=True),
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, HIDDEN)
        self.fc2 = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x):
        return self.fc2(self.fc1(x.flatten(1)))


def value_of(shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    u = u * np.sqrt(6 / np.prod(shape[1:])) if len(shape) > 1 else u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fresh(dtype, seed=0):
    net = Net()
    shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    net.load_state_dict({name: value_of(shape, seed + i) for i, (name, shape) in enumerate(shapes.items(), 1)})
    return net.to(dtype)


def attacked(images, dtype):
    size = EXAMPLES * SIDE * SIDE
    pixels = (np.floor((seeded(images, size).astype(np.float64) + 1) * 128) / 255).astype(np.float32)
    moved = np.clip(pixels + np.float32(ATTACK) * np.sign(seeded(images + 1, size)), 0, 1).astype(np.float32)
    return torch.from_numpy(moved.reshape(EXAMPLES, 1, SIDE, SIDE)).to(dtype)


def loss_of(student, teacher, x):
    t, alpha = APD["temperature"], APD["alpha"]
    answers = student(x)
    followed = F.kl_div(F.log_softmax(answers / t, 1), F.softmax(teacher(x).detach() / t, 1), reduction="none").mean()
    return F.cross_entropy(answers, torch.arange(EXAMPLES) % CLASSES) + alpha * t**2 * followed


margins, returned = [], Counter()


def prox(w, squares, tau):
    """Where ½‖w‖², the price of v = 0, is more than τ, the price of v = w, w stays."""
    price = squares(w) / 2
    distances = ((2 * price).sqrt() - (2 * tau) ** 0.5).abs()[price > 0]
    # A layer that has lost everything says little: such images are not taken.
    margins.append(distances.min().item() if len(distances) else 0.0)
    return torch.where(price > tau, w, torch.zeros_like(w))


def tau_of(w, squares, share):
    return np.percentile(squares(w).sqrt().numpy(), 100 * share) ** 2 / 2 if share > 0 else 0.0


def trajectory(images, pattern, dtype):
    student, teacher, x = fresh(dtype), fresh(dtype, TEACHER), attacked(images, dtype)
    squares, parameters = SQUARES[pattern], dict(student.named_parameters())
    final = 1 - 1 / APD["rate"]
    steps = []

    def descend(rate, then):
        loss = loss_of(student, teacher, x)
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        with torch.no_grad():
            for (name, p), g in zip(parameters.items(), gradients):
                moved = p - rate * g
                p.copy_(then(name, moved) if name in LAYERS else moved)
        weights = {n: p.detach().double().flatten().tolist() for n, p in parameters.items()}
        steps.append({"loss": loss.item(), "weights": weights})

    for step in range(APD["steps"]):
        share = final * (1 - (1 - step / APD["steps"]) ** 3)
        before = {name: parameters[name].detach().clone() for name in LAYERS}
        taus = {name: tau_of(before[name], squares, share) for name in LAYERS}
        descend(APD["lr"], lambda name, w: prox(w, squares, taus[name]))
        returned[pattern] += sum(((before[n] == 0) & (parameters[n] != 0)).sum().item() for n in LAYERS)
        steps[-1]["thresholds"] = [(2 * taus[name]) ** 0.5 for name in LAYERS]
    masks = {}
    with torch.no_grad():
        for name in LAYERS:
            w = parameters[name]
            w.copy_(prox(w, squares, tau_of(w, squares, final)))
            masks[name] = (w != 0).to(dtype)
    descend(APD["retrain_lr"], lambda name, w: w * masks[name])
    return steps


def results(images, dtype):
    return {pattern: trajectory(images, pattern, dtype) for pattern in SQUARES}


def margin_of(images):
    margins.clear(), returned.clear()
    of = results(images, torch.float64)
    falls = all(step["loss"] < steps[0]["loss"] for steps in of.values() for step in steps[1:])
    return min(margins) if falls and all(returned[pattern] for pattern in RETURNING) else 0.0


def gaps(a, b):
    """The largest difference of all results, in units of the largest value of each list."""
    if isinstance(b, dict):
        return max(gaps(a[key], b[key]) for key in b)
    if isinstance(b, list) and isinstance(b[0], dict):
        return max(gaps(*pair) for pair in zip(a, b))
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))


torch.set_num_threads(1)
margin, chosen = max((margin_of(seed), seed) for seed in range(IMAGES, IMAGES + 2 * SEARCHED, 2))
truth, single = results(chosen, torch.float64), results(chosen, torch.float32)
golden = {
    "provenance": {
        "script": "scripts/golden_apd.py",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    },
    "settings": {
        "examples": EXAMPLES,
        "side": SIDE,
        "hidden": HIDDEN,
        "images": chosen,
        "attack": ATTACK,
        "teacher": TEACHER,
        "apd": APD,
        "margin": margin,
        "tensors": [[name, list(value.shape)] for name, value in Net().state_dict().items()],
    },
    "float32": rounded(gaps(single, truth), 2),
    "trajectories": rounded(truth, 9),
}
target = Path(__file__).resolve().parent.parent / "test/golden/apd.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, margin {margin:.2g}, float32 {golden['float32']}")
for pattern, steps in truth.items():
    kept = [[sum(v != 0 for v in step["weights"][n]) for n in LAYERS] for step in steps]
    print(pattern, kept, [round(step["loss"], 3) for step in steps], [step.get("thresholds") for step in steps])
