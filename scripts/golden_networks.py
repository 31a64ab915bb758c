"""Writes test/golden/networks.json: what PyTorch computes of the zoo's networks with batch normalisation, narrow, and of
a public checkpoint.

    python scripts/golden_networks.py [CHECKPOINTS]    # needs torch and numpy; some ten minutes on a CPU

CHECKPOINTS is the folder with `cifar_small_8px.pth` (locuslab/convex_adversarial, models_scaled).

Weights, statistics and images come from `seeded`, which the tests compute too (test/support/numbers.ts), so that the
file holds results only. All of them are of float64 arithmetic on float32 weights and images; `float32` says how far
PyTorch's own float32 lies from them, which is what tolerances go by.

A tensor too large for the file is summed up as [norm, <t, r0>, <t, r1>, <t, r2>], r_j = seeded(PROBES + j, size), with
its elements in PyTorch's order; gradients of networks other than ResNet-18 by the first two of these.

A ReLU whose input is nearly 0 may fall on either side in float32, and its gradient with it. Of `SEARCHED` sets of
images the `NEAREST` whose inputs of ReLUs stay farthest from 0 are looked at (`margin` says how far they stay), and the
file has the one of these whose gradients float32 changes least.
"""

import hashlib
import json
import platform
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import rounded, seeded

ROOT = Path(__file__).resolve().parent.parent
CHECKPOINTS = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/checkpoints"
CLASSES, EXAMPLES = 10, 3
IMAGES, SEARCHED, NEAREST, PROBES = 1000, 400, 8, 2000
SGD = {"lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4}


margins = []


def relu(z):
    margins.append(z.detach().abs().min().item())
    return F.relu(z)


class ResidualBlock(nn.Module):
    """The basic block of ResNets, or with `expansion` 4 the bottleneck, by the names of kuangliu/pytorch-cifar."""

    def __init__(self, inputs, channels, stride, expansion):
        super().__init__()
        out = channels * expansion
        kernels = [(channels, 3, stride), (out, 3, 1)] if expansion == 1 else [(channels, 1, 1), (channels, 3, stride), (out, 1, 1)]
        self.count = len(kernels)
        before = inputs
        for i, (after, kernel, step) in enumerate(kernels, 1):
            setattr(self, f"conv{i}", nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(after))
            before = after
        changes = stride != 1 or inputs != out
        self.shortcut = nn.Sequential(
            *([nn.Conv2d(inputs, out, 1, stride, bias=False), nn.BatchNorm2d(out)] if changes else [])
        )

    def forward(self, x, hidden):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count:
                y = relu(y)
                hidden.append(y)
        hidden.append(relu(y + self.shortcut(x)))


class ResNet(nn.Module):
    def __init__(self, width, blocks, expansion=1):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage, count in enumerate(blocks):
            channels = width * 2**stage
            made = []
            for i in range(count):
                made.append(ResidualBlock(inputs, channels, 2 if stage > 0 and i == 0 else 1, expansion))
                inputs = channels * expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*made))
        self.linear = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        hidden = [relu(self.bn1(self.conv1(x)))]
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in stage:
                block(hidden[-1], hidden)
        return self.linear(F.avg_pool2d(hidden[-1], 4).flatten(1)), hidden


class PreactBlock(nn.Module):
    """A pre-activation block by the names of pytorch-cifar (`shortcut.0`) or TRADES (`convShortcut`)."""

    def __init__(self, inputs, out, stride, names, reads="activated"):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.names, self.reads = names, reads
        if stride != 1 or inputs != out:
            projection = nn.Conv2d(inputs, out, 1, stride, bias=False)
            setattr(self, names, nn.Sequential(projection) if names == "shortcut" else projection)

    def forward(self, x, hidden):
        first = relu(self.bn1(x))
        second = relu(self.bn2(self.conv1(first)))
        hidden += [first, second]
        projection = getattr(self, self.names, None)
        read = first if self.reads == "activated" else x
        return self.conv2(second) + (x if projection is None else projection(read))


class PreActResNet18(nn.Module):
    def __init__(self, width, reads, last):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        inputs = width
        for stage in range(4):
            out = width * 2**stage
            blocks = [PreactBlock(inputs, out, 2 if stage else 1, "shortcut", reads), PreactBlock(out, out, 1, "shortcut", reads)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = out
        if last:
            self.bn = nn.BatchNorm2d(inputs)
        self.last = last
        self.linear = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        hidden = []
        x = self.conv1(x)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in stage:
                x = block(x, hidden)
        if self.last:
            x = relu(self.bn(x))
            hidden.append(x)
        return self.linear(F.avg_pool2d(x, 4).flatten(1)), hidden


class Stage(nn.Module):
    def __init__(self, inputs, out, count, stride):
        super().__init__()
        blocks = [PreactBlock(out if i else inputs, out, 1 if i else stride, "convShortcut") for i in range(count)]
        self.layer = nn.Sequential(*blocks)


class WideResNet(nn.Module):
    def __init__(self, width, depth, factor):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        inputs = width
        for i, times in enumerate((1, 2, 4)):
            out = times * factor * width
            setattr(self, f"block{i + 1}", Stage(inputs, out, (depth - 4) // 6, 2 if i else 1))
            inputs = out
        self.bn1 = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        hidden = []
        x = self.conv1(x)
        for stage in (self.block1, self.block2, self.block3):
            for block in stage.layer:
                x = block(x, hidden)
        hidden.append(relu(self.bn1(x)))
        return self.fc(F.avg_pool2d(hidden[-1], 8).flatten(1)), hidden


class Vgg16(nn.Module):
    def __init__(self, width, hydra):
        super().__init__()
        layers, inputs = [], 3
        for stage, (count, times) in enumerate(((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))):
            for _ in range(count):
                layers += [nn.Conv2d(inputs, times * width, 3, 1, 1, bias=not hydra), nn.BatchNorm2d(times * width), nn.ReLU()]
                inputs = times * width
            if not hydra or stage < 4:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        sizes = (inputs * 4, 4 * width, 4 * width, CLASSES)
        heads = [module for a, b in zip(sizes, sizes[1:]) for module in (nn.Linear(a, b), nn.ReLU())][:-1]
        self.classifier = nn.Sequential(*heads) if hydra else nn.Linear(inputs, CLASSES)

    def forward(self, x):
        hidden = []

        def run(x, modules):
            for module in modules:
                if isinstance(module, nn.ReLU):
                    x = relu(x)
                    hidden.append(x)
                else:
                    x = module(x)
            return x

        x = run(x, self.features).flatten(1)
        return run(x, self.classifier if isinstance(self.classifier, nn.Sequential) else [self.classifier]), hidden


def value_of(name, shape, seed, damping=1):
    u = seeded(seed, int(np.prod(shape))).astype(np.float64)
    if len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        u = 1 + u / 2
    elif name.endswith("weight"):
        u = (1 + u / 2) * damping
    else:
        u = u / 4
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


CIFAR = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.2471, 0.2435, 0.2616]}

# How each is made, by which options test/golden/networks.engine.test.ts makes it, and what it does to images first.
NETWORKS = {
    "resnet18": (lambda: ResNet(4, (2, 2, 2, 2)), {"width": 4}, None),
    "resnet34": (lambda: ResNet(2, (3, 4, 6, 3)), {"width": 2}, None),
    "resnet50": (lambda: ResNet(4, (3, 4, 6, 3), 4), {"width": 4}, None),
    "preactResnet18": (lambda: PreActResNet18(4, "activated", True), {"width": 4}, CIFAR),
    "preactResnet18, fast_adversarial": (
        lambda: PreActResNet18(4, "input", False),
        {"width": 4, "shortcut": "input", "last": "none"},
        CIFAR,
    ),
    "wideResnet": (lambda: WideResNet(4, 16, 2), {"width": 4, "depth": 16, "factor": 2}, None),
    "vgg16bn": (lambda: Vgg16(4, False), {"width": 4}, None),
    "vgg16bn, HYDRA": (lambda: Vgg16(4, True), {"width": 4, "release": "hydra"}, None),
}

# Scales γ, where a deep network would otherwise make rounding grow from block to block.
DAMPING = {"resnet50": 0.25}


def wanted(net):
    return [name for name in net.state_dict() if not name.endswith("num_batches_tracked")]


def fresh(network, dtype):
    make, _, normalisation = NETWORKS[network]
    net = make()
    state = net.state_dict()
    for seed, name in enumerate(wanted(net), 1):
        state[name] = value_of(name, tuple(state[name].shape), seed, DAMPING.get(network, 1))
    net.load_state_dict(state)
    if normalisation:
        mean, std = (torch.tensor(normalisation[k], dtype=dtype).view(1, 3, 1, 1) for k in ("mean", "std"))
        net.register_forward_pre_hook(lambda _, given: ((given[0] - mean) / std,))
    return net.to(dtype)


def minibatch(images, which, dtype):
    pixels = np.floor((seeded(images + which, EXAMPLES * 3 * 32 * 32).astype(np.float64) + 1) * 128) / 255
    images = torch.from_numpy(pixels.astype(np.float32).reshape(EXAMPLES, 3, 32, 32)).to(dtype)
    return images.requires_grad_(), torch.arange(EXAMPLES) * 3 % CLASSES


def summary(tensor, probes=3):
    flat = tensor.detach().double().flatten().numpy()
    return [float(np.linalg.norm(flat))] + [float(flat @ seeded(PROBES + j, flat.size)) for j in range(probes)]


def statistics(net):
    return {n: t.detach().double().tolist() for n, t in net.state_dict().items() if "running_" in n}


def passes(network, images, dtype, probes):
    """One pass in evaluation mode and one in training, with gradients, and what two of the latter make of statistics."""
    (first, labels), (second, _) = minibatch(images, 0, dtype), minibatch(images, 1, dtype)
    out = {}

    net = fresh(network, dtype)
    net.eval()
    logits, hidden = net(first)
    F.cross_entropy(logits, labels).backward()
    out["evaluation"] = {
        "logits": logits.tolist(),
        "hidden": [summary(z, probes) for z in hidden],
        "image_gradient": summary(first.grad),
    }
    first.grad = None

    net = fresh(network, dtype)
    net.train()
    logits, hidden = net(first)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    out["training"] = {
        "logits": logits.tolist(),
        "loss": loss.item(),
        "hidden": [summary(z, probes) for z in hidden],
        "gradients": [summary(p.grad, probes) for p in net.parameters()],
        "image_gradient": summary(first.grad),
    }
    net(second)
    moved = torch.tensor([value for values in statistics(net).values() for value in values])
    net.eval()
    out["two_passes"] = {"statistics": summary(moved), "logits": net(first)[0].tolist()}
    return out


def steps(network, images, dtype, rate):
    """Two steps of SGD in training mode; above rate 1 only the largest weights of each layer are left, and stay alone."""
    (first, labels), (second, _) = minibatch(images, 0, dtype), minibatch(images, 1, dtype)
    net = fresh(network, dtype)
    net.train()
    masks = {}
    for name, parameter in net.named_parameters():
        if parameter.dim() > 1:
            size = parameter.detach().abs()
            least = np.percentile(size.float().numpy(), 100 - 100 / rate)
            masks[name] = (size > least) if rate > 1 else torch.ones_like(size, dtype=torch.bool)
            parameter.data *= masks[name]
    optimizer = torch.optim.SGD(net.parameters(), **SGD)
    losses = []
    for batch in (first, second):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(batch)[0], labels)
        loss.backward()
        for name, parameter in net.named_parameters():
            if name in masks:
                parameter.grad *= masks[name]
        optimizer.step()
        losses.append(loss.item())
    moved = statistics(net)
    net.eval()
    return {
        "losses": losses,
        "weights": [summary(p) for p in net.parameters()],
        "statistics": summary(torch.tensor([value for values in moved.values() for value in values])),
        "logits": net(first)[0].tolist(),
    }


def results(network, images, dtype):
    if network != "resnet18":
        return passes(network, images, dtype, 1)
    return {
        **passes(network, images, dtype, 3),
        "two_steps": steps(network, images, dtype, 1),
        "masked_steps": steps(network, images, dtype, 2),
    }


def gaps(a, b, least):
    """The largest difference of each result, in units of the largest value of its list; `least` is a unit's minimum."""
    if isinstance(b, dict):
        return {key: gaps(a[key], b[key], least) for key in b}
    if isinstance(b, list) and isinstance(b[0], list) and len(b[0]) in (2, 4):
        return max(gaps(x, y, least) for x, y in zip(a, b))
    a, b = np.asarray(a), np.asarray(b)
    return float(np.abs(a - b).max() / max(least, np.abs(b).max()))


def worst(tree):
    return max(map(worst, tree.values())) if isinstance(tree, dict) else tree


def margin_of(network, images):
    """How far inputs of ReLUs stay from 0 in all passes that a gradient of the file goes through."""
    margins.clear()
    if network == "resnet18":
        results(network, images, torch.float64)
        return min(margins)
    with torch.no_grad():
        for train in (False, True):
            net = fresh(network, torch.float64)
            net.train(train)(minibatch(images, 0, torch.float64)[0])
    return min(margins)


def digest(net):
    """Of the names and shapes of the state dict, in its order, without counters."""
    lines = [f"{name} {list(net.state_dict()[name].shape)}" for name in wanted(net)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def golden_of(network):
    seeds = range(IMAGES, IMAGES + 2 * SEARCHED, 2)
    nearest = sorted(((margin_of(network, seed), seed) for seed in seeds), reverse=True)[:NEAREST]
    found = []
    for margin, seed in nearest:
        truth = results(network, seed, torch.float64)
        # A bias in front of a batch normalisation has no gradient: what is there is rounding.
        least = 1e-2 * max(norm for norm, *_ in truth["training"]["gradients"])
        distances = gaps(results(network, seed, torch.float32), truth, least)
        found.append((distances["training"]["gradients"], margin, seed, truth, distances))
    _, margin, seed, truth, distances = min(found, key=lambda one: one[0])
    print(network, "margin", margin, {k: worst(v) for k, v in distances.items()}, flush=True)
    net = fresh(network, torch.float64)
    _, options, normalisation = NETWORKS[network]
    return {
        "options": options,
        **({"normalisation": normalisation} if normalisation else {}),
        **({"damping": DAMPING[network]} if network in DAMPING else {}),
        "images": seed,
        "margin": float(f"{margin:.2g}"),
        "tensors": {"count": len(wanted(net)), "sha256": digest(net)},
        "float32": rounded({part: {name: worst(gap) for name, gap in of.items()} for part, of in distances.items()}, 2),
        **rounded(truth, 9),
    }


def published():
    """cifar_small_8px.pth, the first network of its cascade: logits and the gradient of the images."""
    file = CHECKPOINTS / "cifar_small_8px.pth"
    state = torch.load(file, map_location="cpu", weights_only=True)["state_dict"][0]
    net = nn.Sequential(
        *(nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(2048, 100), nn.ReLU(), nn.Linear(100, 10)),
    ).double()
    net.load_state_dict(state)
    images, labels = minibatch(IMAGES, 0, torch.float64)
    mean, std = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.225] * 3))
    logits = net((images - mean) / std)
    F.cross_entropy(logits, labels).backward()
    return {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "images": IMAGES,
        "logits": rounded(logits.tolist(), 9),
        "image_gradient": rounded(summary(images.grad), 9),
    }


torch.set_num_threads(1)
golden = {
    "provenance": {
        "script": "scripts/golden_networks.py",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    },
    "classes": CLASSES,
    "examples": EXAMPLES,
    "sgd": SGD,
    "published": published(),
    "networks": {network: golden_of(network) for network in NETWORKS},
}
target = ROOT / "test/golden/networks.json"
target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes")
