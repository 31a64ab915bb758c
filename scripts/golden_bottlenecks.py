"""Writes test/golden/bottlenecks.json: what PyTorch computes of VIB and CEB, with the densities of torch.distributions.

    python scripts/golden_bottlenecks.py    # needs torch and numpy; some seconds on a CPU

Codes, weights, statistics, noise and images come from `seeded`, which the tests compute too (test/support/numbers.ts), so
that the file holds results only. All of them are of float64 arithmetic on float32 inputs; `float32` says how far PyTorch's
own float32 lies from them, which is what tolerances go by.

The network is `normalisedNet` of test/support/context.ts with a stochastic head, in training. A ReLU whose input is nearly
0 may fall on either side in float32: of `SEARCHED` sets of images the file has the one that stays farthest from that;
`margin` says how far.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal, kl_divergence

from golden_numbers import rounded, seeded

CASES = {"examples": 4, "size": 6, "scales": [1, 5], "mean": 21, "logVariance": 22, "sample": 23, "classMean": 24}
EXAMPLES, CLASSES, SIDE, SIZE = 4, 3, 8, 5
IMAGES, NOISE, SEARCHED = 3000, 31, 200
BETA = 0.3


def tensor(seed, shape, dtype, scale=1):
    return torch.from_numpy(seeded(seed, int(np.prod(shape))).reshape(shape) * np.float32(scale)).to(dtype)


def vib(latent):
    code = Normal(latent["mean"], (latent["logVariance"] / 2).exp())
    return kl_divergence(code, Normal(torch.zeros_like(code.loc), torch.ones_like(code.scale))).sum(1).mean()


def ceb(latent):
    forward, backward = (Normal(latent[of], torch.ones_like(latent[of])) for of in ("mean", "classMean"))
    z = latent["sample"]
    return (forward.log_prob(z) - backward.log_prob(z)).sum(1).mean()


LOSSES = {"vib": (vib, ["mean", "logVariance"]), "ceb": (ceb, ["sample", "mean", "classMean"])}


def of_codes(dtype):
    shape = (CASES["examples"], CASES["size"])
    found = []
    for scale in CASES["scales"]:
        row = {}
        for name, (loss, parts) in LOSSES.items():
            latent = {part: tensor(CASES[part], shape, dtype, scale).requires_grad_() for part in parts}
            value = loss(latent)
            value.backward()
            row[name] = {"value": value.item(), **{part: x.grad.flatten().tolist() for part, x in latent.items()}}
        found.append(row)
    return found


margins = []


def relu(z):
    margins.append(z.detach().abs().min().item())
    return F.relu(z)


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.shortcut = nn.Sequential(nn.Conv2d(4, 6, 1, 2, bias=False), nn.BatchNorm2d(6))

    def features(self, x):
        stem = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(stem)) + self.shortcut(stem)).flatten(1)


class Vib(Body):
    def __init__(self):
        super().__init__()
        self.vib = nn.ModuleDict({"mean": nn.Linear(24, SIZE), "logVariance": nn.Linear(24, SIZE)})
        self.fc = nn.Linear(SIZE, CLASSES)

    def loss(self, x, labels, noise):
        features = self.features(x)
        latent = {part: layer(features) for part, layer in self.vib.items()}
        code = latent["mean"] + (latent["logVariance"] / 2).exp() * noise
        return F.cross_entropy(self.fc(code), labels) + BETA * vib(latent)


class Ceb(Body):
    def __init__(self):
        super().__init__()
        self.ceb = nn.ModuleDict({"mean": nn.Linear(24, SIZE), "classMean": nn.Linear(CLASSES, SIZE)})
        self.fc = nn.Linear(SIZE, CLASSES)

    def loss(self, x, labels, noise):
        mean = self.ceb["mean"](self.features(x))
        class_mean = self.ceb["classMean"](F.one_hot(labels, CLASSES).to(x.dtype))
        code = mean + noise
        latent = {"sample": code, "mean": mean, "classMean": class_mean}
        return F.cross_entropy(self.fc(code), labels) + BETA * ceb(latent)


NETWORKS = {"vib": Vib, "ceb": Ceb}


def value_of(name, shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    if len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var") or name.endswith("weight"):
        u = 1 + u / 2
    else:
        u = u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fresh(name, dtype):
    net = NETWORKS[name]()
    state = net.state_dict()
    wanted = [tensor for tensor in state if not tensor.endswith("num_batches_tracked")]
    for i, tensor in enumerate(wanted, 1):
        state[tensor] = value_of(tensor, tuple(state[tensor].shape), i)
    net.load_state_dict(state)
    return net.to(dtype).train(), [[tensor, list(state[tensor].shape)] for tensor in wanted]


def of_network(images, dtype):
    pixels = (np.floor((seeded(images, EXAMPLES * SIDE * SIDE).astype(np.float64) + 1) * 128) / 255).astype(np.float32)
    x = torch.from_numpy(pixels.reshape(EXAMPLES, 1, SIDE, SIDE)).to(dtype)
    labels = torch.arange(EXAMPLES) % CLASSES
    out = {}
    for name in NETWORKS:
        net, _ = fresh(name, dtype)
        value = net.loss(x, labels, tensor(NOISE, (EXAMPLES, SIZE), dtype, 2))
        value.backward()
        out[name] = {
            "loss": value.item(),
            "gradients": {n: p.grad.double().flatten().tolist() for n, p in net.named_parameters()},
            "statistics": {n: t.double().flatten().tolist() for n, t in net.state_dict().items() if "running_" in n},
        }
    return out


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
    return {"codes": of_codes(dtype), "network": of_network(images, dtype)}


def margin_of(images):
    margins.clear()
    of_network(images, torch.float64)
    return min(margins)


torch.set_num_threads(1)
margin, chosen = max((margin_of(seed), seed) for seed in range(IMAGES, IMAGES + SEARCHED))
truth = results(chosen, torch.float64)
golden = {
    "provenance": {
        "script": "scripts/golden_bottlenecks.py",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    },
    "settings": {
        "cases": CASES,
        "beta": BETA,
        "examples": EXAMPLES,
        "size": SIZE,
        "images": chosen,
        "noise": NOISE,
        "margin": margin,
        "tensors": {name: fresh(name, torch.float64)[1] for name in NETWORKS},
    },
    "float32": rounded({part: worst(of) for part, of in gaps(results(chosen, torch.float32), truth).items()}, 2),
    **rounded(truth, 9),
}
target = Path(__file__).resolve().parent.parent / "test/golden/bottlenecks.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, margin {margin:.2g}")
print(json.dumps(golden["float32"], indent=1))
