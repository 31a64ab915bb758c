"""Writes test/golden/onnx/: small networks as PyTorch's own exporter writes them, and the logits that PyTorch computes.

    python scripts/golden_onnx.py    # needs torch, numpy and onnx

`folded.onnx` is as most people export (batch normalisation folded into convolutions, the batch left open), `kept.onnx`
keeps batch normalisation and dropout, for training to go on, and has an epsilon of its own, `external.onnx` has its
weights in a file beside it. Weights, statistics and images come from `seeded`, which the tests compute too
(test/support/numbers.ts).
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import seeded

CLASSES, EXAMPLES, SIDE = 5, 3, 12
WEIGHTS, IMAGES = 100, 1000
OPSET = 17
OUT = Path(__file__).resolve().parent.parent / "test/golden/onnx"


class Block(nn.Module):
    """A basic block of a ResNet, with a shortcut of its own."""

    def __init__(self, channels, out, epsilon):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out, eps=epsilon)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out, eps=epsilon)
        self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride=2, bias=False), nn.BatchNorm2d(out, eps=epsilon))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Net(nn.Module):
    """What image classifiers are made of: normalisation, padding, convolutions, a block, pooling, linear layers."""

    def __init__(self, epsilon=1e-5):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5, 0.25]).view(1, 2, 1, 1))
        self.register_buffer("std", torch.tensor([0.25, 0.5]).view(1, 2, 1, 1))
        self.stem = nn.Conv2d(2, 4, 3)
        self.pool = nn.MaxPool2d(2)
        self.block = Block(4, 6, epsilon)
        self.fc1 = nn.Linear(6 * 3 * 3, 10)
        self.drop = nn.Dropout()
        self.fc2 = nn.Linear(10, 8, bias=False)
        self.classifier = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = F.pad((x - self.mean) / self.std, (1, 1, 1, 1))
        x = self.block(self.pool(F.relu(self.stem(x))))
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc2(self.drop(F.relu(self.fc1(x)))))
        return self.classifier(x)


class Averaged(nn.Module):
    """A network that ends in the mean over each channel."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(2, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(torch.flatten(self.features(x), 1))


def fill(net):
    """Seeded parameters and running statistics."""
    for i, tensor in enumerate(net.parameters()):
        tensor.data = torch.from_numpy(seeded(WEIGHTS + i, tensor.numel()).reshape(tensor.shape) / 2)
    for i, module in enumerate(m for m in net.modules() if isinstance(m, nn.BatchNorm2d)):
        module.running_mean.data = torch.from_numpy(seeded(WEIGHTS + 50 + i, module.num_features) / 4)
        module.running_var.data = torch.from_numpy(0.02 + np.abs(seeded(WEIGHTS + 70 + i, module.num_features)) / 8)
    return net.eval()


def export(net, file, **options):
    images = torch.from_numpy((seeded(IMAGES, EXAMPLES * 2 * SIDE * SIDE).reshape(EXAMPLES, 2, SIDE, SIDE) + 1) / 2)
    axes = {"input": {0: "batch"}, "output": {0: "batch"}}
    names = dict(input_names=["input"], output_names=["output"], opset_version=OPSET)
    torch.onnx.export(net, images[:1], str(OUT / file), dynamic_axes=axes, **names, **options)
    with torch.no_grad():
        return [[float(f"{value:.9g}") for value in row] for row in net.double()(images.double()).tolist()]


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    logits = {
        "folded.onnx": export(fill(Net()), "folded.onnx"),
        "kept.onnx": export(fill(Net(epsilon=1e-3)), "kept.onnx", training=torch.onnx.TrainingMode.PRESERVE,
                            do_constant_folding=False),
        "external.onnx": export(fill(Averaged()), "external.onnx"),
    }
    model = onnx.load(OUT / "external.onnx")
    (OUT / "external.bin").unlink(missing_ok=True)
    onnx.save_model(model, OUT / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=0)
    made = {"torch": torch.__version__, "onnx": onnx.__version__, "opset": OPSET}
    golden = {"made": made, "images": IMAGES, "examples": EXAMPLES, "logits": logits}
    (OUT / "logits.json").write_text(json.dumps(golden, indent=1) + "\n")
