"""PwoA's schedule in PyTorch, to hold `method=published` against: distillation, ADMM, hard prune, masked retraining.

    python3 published_pytorch.py --data-dir DIR --checkpoint mnist_fastat_pgd.pth --rate 16

The same network, data, rates, epochs, optimizers and schedules as

    npx pwoa-run pipelines/mnist.ts --set method=published --set lambdaX=0 --set lambdaY=0 --set rate=16 …

with PyTorch's own random numbers. Prints one JSON line. Needs torch (CPU) and numpy.
"""

import argparse
import copy
import gzip
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

EPSILON, TEMPERATURE, ALPHA, BATCH = 0.3, 30, 10, 128


def idx(folder, name, offset):
    return np.frombuffer(gzip.open(Path(folder) / f"{name}.gz").read(), np.uint8, offset=offset)


def split(folder, kind):
    images = idx(folder, f"{kind}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype("float32") / 255
    return torch.tensor(images), torch.tensor(idx(folder, f"{kind}-labels-idx1-ubyte", 8).astype("int64"))


def mnist_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(1568, 100), nn.ReLU(), nn.Linear(100, 10))


def projected(weight, rate):
    """A projected copy: what is below the percentile of magnitudes is zero."""
    magnitude = weight.detach().abs()
    return weight.detach() * (magnitude >= np.percentile(magnitude.numpy(), 100 * (1 - 1 / rate)))


def accuracies(net, images, labels):
    clean = broken = 0
    for x, y in zip(images.split(250), labels.split(250)):
        clean += (net(x).argmax(1) == y).sum().item()
        adversarial = (x + torch.empty_like(x).uniform_(-EPSILON, EPSILON)).clamp(0, 1)
        for _ in range(40):
            adversarial.requires_grad_(True)
            gradient, = torch.autograd.grad(F.cross_entropy(net(adversarial), y, reduction="sum"), adversarial)
            moved = adversarial.detach() + 0.01 * gradient.sign()
            adversarial = torch.min(torch.max(moved, x - EPSILON), x + EPSILON).clamp(0, 1)
        broken += (net(adversarial).argmax(1) != y).sum().item()
    return {"clean": clean / len(images), "pgd": 1 - broken / len(images)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--rate", type=float, default=16)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--retrain-epochs", type=int, default=10)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    torch.manual_seed(a.seed)

    images, _ = split(a.data_dir, "train")
    teacher = mnist_net()
    teacher.load_state_dict(torch.load(a.checkpoint, map_location="cpu", weights_only=True))
    student = copy.deepcopy(teacher)
    pruned = [layer.weight for layer in student if isinstance(layer, (nn.Conv2d, nn.Linear))][:-1]

    def minibatches():
        yield from (images[chosen] for chosen in torch.randperm(len(images)).split(BATCH))

    def distillation(x):
        with torch.no_grad():
            target = F.log_softmax(teacher(x) / TEMPERATURE, 1)
        divergence = F.kl_div(F.log_softmax(student(x) / TEMPERATURE, 1), target, log_target=True, reduction="sum")
        return ALPHA * TEMPERATURE**2 * divergence / target.numel()

    def step(optimizer, loss, masks=()):
        optimizer.zero_grad()
        loss.backward()
        for weight, mask in zip(pruned, masks):
            weight.grad *= mask
        optimizer.step()

    z = [projected(weight, a.rate) for weight in pruned]
    u = [torch.zeros_like(weight) for weight in pruned]
    rho = 0.01
    optimizer = torch.optim.Adam(student.parameters())
    for epoch in range(a.epochs):
        optimizer.param_groups[0]["lr"] = 5e-4 * 0.1 ** min(2, 3 * epoch // a.epochs)
        if epoch and epoch % 3 == 0:
            for i, weight in enumerate(pruned):
                z[i] = projected(weight + u[i], a.rate)
                u[i] = u[i] + weight.detach() - z[i]
            rho = min(1, 1.35 * rho)
        for x in minibatches():
            penalty = sum(rho / 2 * (w - zi + ui).pow(2).sum() for w, zi, ui in zip(pruned, z, u))
            step(optimizer, distillation(x) + penalty)

    for weight in pruned:
        weight.data.copy_(projected(weight, a.rate))
    masks = [(weight != 0).float() for weight in pruned]
    optimizer = torch.optim.Adam(student.parameters())
    steps = a.retrain_epochs * math.ceil(len(images) / BATCH)
    done = 0
    for _ in range(a.retrain_epochs):
        for x in minibatches():
            optimizer.param_groups[0]["lr"] = 4e-8 + (1e-3 - 4e-8) * (1 + math.cos(math.pi * done / steps)) / 2
            step(optimizer, distillation(x), masks)
            done += 1

    kept = sum(int((weight != 0).sum()) for weight in pruned)
    test = [part[: a.examples] for part in split(a.data_dir, "t10k")]
    print(json.dumps({"rate": a.rate, "seed": a.seed, "kept": kept, **accuracies(student, *test), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
