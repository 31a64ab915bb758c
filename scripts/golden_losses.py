"""Writes test/golden/losses.json: what PyTorch computes of TRADES, MART, LBGAT and HYDRA, written from the papers' formulas.

    python scripts/golden_losses.py    # needs torch and numpy; about a minute on a CPU

Logits, weights, statistics and images come from `seeded`, which the tests compute too (test/support/numbers.ts), so that
the file holds results only. All of them are of float64 arithmetic on float32 inputs; `float32` says how far PyTorch's
own float32 lies from them, which is what tolerances go by.

The network is `normalisedNet` of test/support/context.ts, in training: natural and attacked images pass it one after the
other, each normalised by itself. A ReLU whose input is nearly 0, or two scores that are nearly equal, may fall on either
side in float32: of `SEARCHED` sets of images the file has the one that stays farthest from that; `margin` says how far.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import rounded, seeded

CASES = {"examples": 4, "classes": 5, "scales": [1, 6], "logits": 11, "guide": 12}
EXAMPLES, CLASSES, SIDE = 4, 3, 8
IMAGES, ATTACK, GUIDE, SEARCHED = 1000, 0.1, 100, 400
BETA, LAMBDA = 6, 5
HYDRA = {"rate": 4, "steps": 3, "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4}


def trades(natural, attacked, labels):
    p, q = F.softmax(natural, 1), F.softmax(attacked, 1)
    return F.cross_entropy(natural, labels) + BETA * (p * (p.log() - q.log())).sum(1).mean()


def mart(natural, attacked, labels):
    p, q = F.softmax(natural, 1), F.softmax(attacked, 1)
    right = F.one_hot(labels, q.shape[1]).bool()
    likeliest_wrong = q.masked_fill(right, 0).max(1).values
    boosted = -q[right].log() - (1.0001 - likeliest_wrong).log()
    return (boosted + LAMBDA * (p * (p.log() - q.log())).sum(1) * (1 - p[right])).mean()


def lbgat(natural, attacked, labels, guide):
    p, q = F.softmax(natural, 1), F.softmax(attacked, 1)
    kept = (p * (p.log() - q.log())).sum(1).mean()
    return ((attacked - guide) ** 2).mean() + F.cross_entropy(guide, labels) + BETA * kept


def of_logits(dtype):
    n, c = CASES["examples"], CASES["classes"]
    labels = torch.arange(n) % c
    found = []
    for scale in CASES["scales"]:
        row = {}
        for name, loss in {"trades": trades, "mart": mart, "lbgat": lbgat}.items():
            logits, guide = (
                torch.from_numpy(seeded(CASES[of], rows * c).reshape(rows, c) * np.float32(scale)).to(dtype).requires_grad_()
                for of, rows in (("logits", 2 * n), ("guide", n))
            )
            value = loss(logits[:n], logits[n:], labels, *([guide] if name == "lbgat" else []))
            value.backward()
            row[name] = {"value": value.item(), "logits": logits.grad.flatten().tolist()}
            if name == "lbgat":
                row[name]["guide"] = guide.grad.flatten().tolist()
        found.append(row)
    return found


margins = []


def relu(z):
    margins.append(z.detach().abs().min().item())
    return F.relu(z)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.shortcut = nn.Sequential(nn.Conv2d(4, 6, 1, 2, bias=False), nn.BatchNorm2d(6))
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x):
        stem = relu(self.bn1(self.conv1(x)))
        return self.fc(relu(self.bn2(self.conv2(stem)) + self.shortcut(stem)).flatten(1))


def value_of(name, shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    if len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var") or name.endswith("weight"):
        u = 1 + u / 2
    else:
        u = u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fresh(dtype, seed=0):
    net = Net()
    state = net.state_dict()
    wanted = [name for name in state if not name.endswith("num_batches_tracked")]
    for i, name in enumerate(wanted, 1):
        state[name] = value_of(name, tuple(state[name].shape), seed + i)
    net.load_state_dict(state)
    return net.to(dtype).train(), [[name, list(state[name].shape)] for name in wanted]


def minibatch(images, dtype):
    size = EXAMPLES * SIDE * SIDE
    pixels = (np.floor((seeded(images, size).astype(np.float64) + 1) * 128) / 255).astype(np.float32)
    attacked = np.clip(pixels + np.float32(ATTACK) * np.sign(seeded(images + 1, size)), 0, 1).astype(np.float32)
    shaped = (torch.from_numpy(x.reshape(EXAMPLES, 1, SIDE, SIDE)).to(dtype) for x in (pixels, attacked))
    return *shaped, torch.arange(EXAMPLES) % CLASSES


def statistics(net):
    return {n: t.double().flatten().tolist() for n, t in net.state_dict().items() if "running_" in n}


def gradients(net):
    return {n: p.grad.double().flatten().tolist() for n, p in net.named_parameters()}


def of_network(images, dtype):
    natural, attacked, labels = minibatch(images, dtype)
    out = {}
    for name, loss in {"trades": trades, "mart": mart, "lbgat": lbgat}.items():
        net, guide = fresh(dtype)[0], fresh(dtype, GUIDE)[0]
        answers = [net(natural), net(attacked), labels]
        value = loss(*answers, guide(natural)) if name == "lbgat" else loss(*answers)
        value.backward()
        out[name] = {"loss": value.item(), "gradients": gradients(net), "statistics": statistics(net)}
        if name == "lbgat":
            out[name]["guide"] = {"gradients": gradients(guide), "statistics": statistics(guide)}
    return out


class KeepLargest(torch.autograd.Function):
    """1 for the largest scores; the gradient goes straight through."""

    @staticmethod
    def forward(ctx, scores):
        kept = scores.numel() // HYDRA["rate"]
        ordered = scores.flatten().sort(descending=True)
        margins.append((ordered.values[kept - 1] - ordered.values[kept]).item())
        mask = torch.zeros(scores.numel(), dtype=scores.dtype)
        mask[ordered.indices[:kept]] = 1
        return mask.view_as(scores)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def of_hydra(images, dtype):
    natural, _, labels = minibatch(images, dtype)
    net, _ = fresh(dtype)
    parameters = dict(net.named_parameters())
    pruned = [n for n, p in parameters.items() if p.dim() > 1]
    dense = {n: parameters[n].detach().clone() for n in pruned}
    scores = {
        n: (np.sqrt(6 / w[0].numel()) * w / w.abs().max()).clone().requires_grad_() for n, w in dense.items()
    }
    trained = {**scores, **{n: p for n, p in parameters.items() if p.dim() == 1 and n != "fc.bias"}}
    optimizer = torch.optim.SGD(
        trained.values(), **{key: HYDRA[key] for key in ("lr", "momentum", "weight_decay")}
    )
    losses = []
    for _ in range(HYDRA["steps"]):
        masked = {n: dense[n] * KeepLargest.apply(scores[n].abs()) for n in pruned}
        loss = F.cross_entropy(torch.func.functional_call(net, masked, natural), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        "losses": losses,
        "trained": {n: t.detach().double().flatten().tolist() for n, t in trained.items()},
        "masks": {n: KeepLargest.apply(scores[n].abs()).int().flatten().tolist() for n in pruned},
    }


def gaps(a, b):
    """The largest difference of each result, in units of the largest value of its list."""
    if isinstance(b, dict):
        return {key: gaps(a[key], b[key]) for key in b}
    if isinstance(b, list) and b and isinstance(b[0], dict):
        return {str(i): gaps(*pair) for i, pair in enumerate(zip(a, b))}
    a, b = np.asarray(a, float), np.asarray(b, float)
    return float(np.abs(a - b).max() / np.abs(b).max())


def worst(tree):
    return max(map(worst, tree.values())) if isinstance(tree, dict) else tree


def results(images, dtype):
    return {"logits": of_logits(dtype), "network": of_network(images, dtype), "hydra": of_hydra(images, dtype)}


def margin_of(images):
    margins.clear()
    of_network(images, torch.float64), of_hydra(images, torch.float64)
    return min(margins)


torch.set_num_threads(1)
margin, chosen = max((margin_of(seed), seed) for seed in range(IMAGES, IMAGES + 2 * SEARCHED, 2))
truth = results(chosen, torch.float64)
golden = {
    "provenance": {
        "script": "scripts/golden_losses.py",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    },
    "settings": {
        "cases": CASES,
        "beta": BETA,
        "lambda": LAMBDA,
        "examples": EXAMPLES,
        "images": chosen,
        "attack": ATTACK,
        "guide": GUIDE,
        "hydra": HYDRA,
        "margin": margin,
        "tensors": fresh(torch.float64)[1],
    },
    "float32": rounded({part: worst(of) for part, of in gaps(results(chosen, torch.float32), truth).items()}, 2),
    **rounded(truth, 9),
}
target = Path(__file__).resolve().parent.parent / "test/golden/losses.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, margin {margin:.2g}")
print(json.dumps(golden["float32"], indent=1))
