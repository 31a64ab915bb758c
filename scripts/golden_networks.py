"""Writes test/golden/networks.json: what PyTorch computes of a narrow ResNet-18 with batch normalisation.

    python scripts/golden_networks.py    # needs torch and numpy; a minute or two on a CPU

Weights, statistics and images come from `seeded`, which the tests compute too (test/support/numbers.ts), so that the
file holds results only. All of them are of float64 arithmetic on float32 weights and images; `float32` says how far
PyTorch's own float32 lies from them, which is what tolerances go by.

A tensor too large for the file is summed up as [norm, <t, r0>, <t, r1>, <t, r2>], r_j = seeded(PROBES + j, size), with
its elements in PyTorch's order.

A ReLU whose input is nearly 0 may fall on either side in float32, and its gradient with it. Of `SEARCHED` sets of
images the file has the one whose inputs of ReLUs stay farthest from 0; `margin` says how far.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

WIDTH, CLASSES, EXAMPLES = 4, 10, 3
IMAGES, SEARCHED, PROBES = 1000, 1500, 2000
SGD = {"lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4}


def seeded(seed, count):
    """`count` float32 numbers in [-1, 1): mulberry32, as in test/support/numbers.ts."""
    u32 = lambda x: x & np.uint64(0xFFFFFFFF)
    state = u32(np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5))
    mixed = u32((state ^ (state >> np.uint64(15))) * (state | np.uint64(1)))
    mixed ^= u32(mixed + u32((mixed ^ (mixed >> np.uint64(7))) * (mixed | np.uint64(61))))
    return ((mixed ^ (mixed >> np.uint64(14))).astype(np.float64) / 2**31 - 1).astype(np.float32)


margins = []


def relu(z):
    margins.append(z.detach().abs().min().item())
    return F.relu(z)


class Block(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        changes = stride != 1 or inputs != out
        projection = [nn.Conv2d(inputs, out, 1, stride, bias=False), nn.BatchNorm2d(out)]
        self.shortcut = nn.Sequential(*(projection if changes else []))

    def forward(self, x, hidden):
        z = relu(self.bn1(self.conv1(x)))
        y = relu(self.bn2(self.conv2(z)) + self.shortcut(x))
        hidden += [z, y]
        return y


class ResNet18(nn.Module):
    """With the names of the public CIFAR checkpoints (TRADES, kuangliu/pytorch-cifar)."""

    def __init__(self, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for stage in range(4):
            out = width * 2**stage
            blocks = nn.Sequential(Block(channels, out, 1 if stage == 0 else 2), Block(out, out, 1))
            setattr(self, f"layer{stage + 1}", blocks)
            channels = out
        self.linear = nn.Linear(channels, classes)

    def forward(self, x):
        hidden = [relu(self.bn1(self.conv1(x)))]
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in stage:
                block(hidden[-1], hidden)
        return self.linear(F.avg_pool2d(hidden[-1], 4).flatten(1)), hidden


def value_of(name, shape, seed):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    if len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var") or (name.endswith("weight")):
        u = 1 + u / 2
    else:
        u = u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fresh(dtype):
    net = ResNet18(WIDTH, CLASSES)
    state = net.state_dict()
    wanted = [name for name in state if not name.endswith("num_batches_tracked")]
    for seed, name in enumerate(wanted, 1):
        state[name] = value_of(name, tuple(state[name].shape), seed)
    net.load_state_dict(state)
    return net.to(dtype), [[name, list(state[name].shape)] for name in wanted]


def minibatch(images, which, dtype):
    pixels = np.floor((seeded(images + which, EXAMPLES * 3 * 32 * 32).astype(np.float64) + 1) * 128) / 255
    images = torch.from_numpy(pixels.astype(np.float32).reshape(EXAMPLES, 3, 32, 32)).to(dtype)
    return images.requires_grad_(), torch.arange(EXAMPLES) * 3 % CLASSES


def summary(tensor):
    flat = tensor.detach().double().flatten().numpy()
    return [float(np.linalg.norm(flat))] + [float(flat @ seeded(PROBES + j, flat.size)) for j in range(3)]


def statistics(net):
    return {n: t.detach().double().tolist() for n, t in net.state_dict().items() if "running_" in n}


def results(images, dtype):
    (first, labels), (second, _) = minibatch(images, 0, dtype), minibatch(images, 1, dtype)
    out = {}

    net, _ = fresh(dtype)
    net.eval()
    logits, hidden = net(first)
    F.cross_entropy(logits, labels).backward()
    out["evaluation"] = {
        "logits": logits.tolist(),
        "hidden": [summary(z) for z in hidden],
        "image_gradient": summary(first.grad),
    }
    first.grad = None

    net, _ = fresh(dtype)
    net.train()
    logits, hidden = net(first)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    out["training"] = {
        "logits": logits.tolist(),
        "loss": loss.item(),
        "hidden": [summary(z) for z in hidden],
        "gradients": {name: summary(p.grad) for name, p in net.named_parameters()},
        "image_gradient": summary(first.grad),
    }
    net(second)
    moved = statistics(net)
    net.eval()
    out["two_passes"] = {"statistics": moved, "logits": net(first)[0].tolist()}

    net, _ = fresh(dtype)
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), **SGD)
    losses = []
    for batch in (first, second):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(batch)[0], labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    moved = statistics(net)
    net.eval()
    out["two_steps"] = {
        "losses": losses,
        "weights": {name: summary(p) for name, p in net.named_parameters()},
        "statistics": moved,
        "logits": net(first)[0].tolist(),
    }
    return out


def gaps(a, b):
    """The largest difference of each result, in units of the largest value of its list."""
    if isinstance(b, dict):
        return {key: gaps(a[key], b[key]) for key in b}
    a, b = np.asarray(a), np.asarray(b)
    scale = np.abs(b).max(axis=-1) if b.ndim == 2 and b.shape[1] == 4 else np.abs(b).max()
    gap = np.abs(a - b).max(axis=-1) if np.ndim(scale) else np.abs(a - b).max()
    return float((gap / scale).max())


def worst(tree):
    return max(map(worst, tree.values())) if isinstance(tree, dict) else tree


def rounded(tree, digits):
    if isinstance(tree, dict):
        return {key: rounded(value, digits) for key, value in tree.items()}
    if isinstance(tree, list):
        return [rounded(value, digits) for value in tree]
    return float(f"{tree:.{digits}g}") if isinstance(tree, float) else tree


torch.set_num_threads(1)
_, tensors = fresh(torch.float64)


def margin_of(images):
    margins.clear()
    results(images, torch.float64)
    return min(margins)


seeds = range(IMAGES, IMAGES + 2 * SEARCHED, 2)
margin, chosen = max((margin_of(seed), seed) for seed in seeds)
truth = results(chosen, torch.float64)
distances = gaps(results(chosen, torch.float32), truth)
golden = {
    "provenance": {
        "script": "scripts/golden_networks.py",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    },
    "network": {"width": WIDTH, "classes": CLASSES, "examples": EXAMPLES, "images": chosen, "margin": margin, "tensors": tensors},
    "sgd": SGD,
    "float32": rounded({part: {name: worst(gap) for name, gap in of.items()} for part, of in distances.items()}, 2),
    **rounded(truth, 9),
}
target = Path(__file__).resolve().parent.parent / "test/golden/networks.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes")
print(json.dumps(golden["float32"], indent=1))
