"""Writes test/golden/windows.json: PyTorch's padding and pooling, and networks with them, in float64.

    python scripts/golden_windows.py    # needs torch, numpy and onnx; seconds

`rows` are layers without weights: values, and the gradient of <values, seeded>. `networks` are narrow ones, by the names of
RobustBench's DMWideResNet and DMPreActResNet and of torchvision's resnet18: their tensors come from `seeded`, by the order
of `tensors`. A gradient is summed up as [norm, <t, r0>, <t, r1>], r_j = seeded(PROBES + j, size), its tensors one after the
other in that order. `onnx/NAME-OPSET.onnx` are networks as PyTorch's exporter writes them.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import rounded, seeded
from golden_passes import passes
from golden_zoo_fill import put

HEIGHT, WIDTH, CHANNELS = 7, 6, 2
CLASSES, EXAMPLES, IMAGES, TENSORS = 5, 3, 1000, 100
OPSETS = [9, 17]

LAYERS = [
    ({"type": "maxPool2d", "kernel": 3, "stride": 2, "padding": 1}, nn.MaxPool2d(3, 2, 1)),
    ({"type": "maxPool2d", "kernel": 2, "stride": 2, "ceilMode": True}, nn.MaxPool2d(2, 2, ceil_mode=True)),
    ({"type": "maxPool2d", "kernel": 3, "stride": 3, "padding": 1, "ceilMode": True}, nn.MaxPool2d(3, 3, 1, ceil_mode=True)),
    ({"type": "avgPool2d", "kernel": 3, "stride": 2, "padding": 1}, nn.AvgPool2d(3, 2, 1)),
    ({"type": "avgPool2d", "kernel": 3, "stride": 1, "padding": 1, "countIncludePad": False},
     nn.AvgPool2d(3, 1, 1, count_include_pad=False)),
    ({"type": "avgPool2d", "kernel": 2, "stride": 2, "ceilMode": True}, nn.AvgPool2d(2, 2, ceil_mode=True)),
    ({"type": "avgPool2d", "kernel": 4, "stride": 3, "padding": 2, "ceilMode": True}, nn.AvgPool2d(4, 3, 2, ceil_mode=True)),
    ({"type": "avgPool2d", "kernel": 4, "stride": 3, "padding": 2, "ceilMode": True, "countIncludePad": False},
     nn.AvgPool2d(4, 3, 2, ceil_mode=True, count_include_pad=False)),
    ({"type": "pad2d", "top": 0, "bottom": 1, "left": 0, "right": 1}, nn.ZeroPad2d((0, 1, 0, 1))),
    ({"type": "pad2d", "top": 2, "bottom": 0, "left": 1, "right": 3, "value": -0.5}, nn.ConstantPad2d((1, 3, 2, 0), -0.5)),
]


def row(layer, module):
    x = torch.from_numpy(seeded(1, CHANNELS * HEIGHT * WIDTH).astype(np.float64).reshape(1, CHANNELS, HEIGHT, WIDTH))
    x.requires_grad_()
    values = module(x)
    (values * torch.from_numpy(seeded(2, values.numel()).astype(np.float64).reshape(values.shape))).sum().backward()
    return {"layer": layer, "values": values.flatten().tolist(), "gradient": x.grad.flatten().tolist()}


def conv3(inputs, out, stride):
    """A 3x3 convolution, padded as TensorFlow pads SAME: at two sides only if it has a stride."""
    padding = (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1)
    return nn.Conv2d(inputs, out, 3, stride, bias=False), padding


class WideBlock(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.batchnorm_0 = nn.BatchNorm2d(inputs)
        self.conv_0, self.sides = conv3(inputs, out, stride)
        self.batchnorm_1 = nn.BatchNorm2d(out)
        self.conv_1 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inputs, out, 1, stride, bias=False) if inputs != out else None

    def forward(self, x):
        active = F.silu(self.batchnorm_0(x))
        inner = self.conv_0(F.pad(active, self.sides))
        branch = self.conv_1(F.silu(self.batchnorm_1(inner)))
        return branch + (self.shortcut(active) if self.shortcut is not None else x)


class WideGroup(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.block = nn.Sequential(WideBlock(inputs, out, stride))

    def forward(self, x):
        return self.block(x)


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2471, 0.2435, 0.2616]).view(3, 1, 1))

    def normal(self, x):
        return (x - self.mean) / self.std


class DmWide(Normalised):
    def __init__(self, factor, width):
        super().__init__()
        widths = [width, width * factor, 2 * width * factor, 4 * width * factor]
        self.init_conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.layer = nn.Sequential(*(WideGroup(widths[i], widths[i + 1], 1 if i == 0 else 2) for i in range(3)))
        self.batchnorm = nn.BatchNorm2d(widths[3])
        self.logits = nn.Linear(widths[3], CLASSES)

    def forward(self, x):
        x = F.silu(self.batchnorm(self.layer(self.init_conv(self.normal(x)))))
        return self.logits(F.avg_pool2d(x, 8).flatten(1))


class PreActBlock(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.batchnorm_0 = nn.BatchNorm2d(inputs)
        self.conv_2d_1, self.sides = conv3(inputs, out, stride)
        self.batchnorm_1 = nn.BatchNorm2d(out)
        self.conv_2d_2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.shortcut = conv3(inputs, out, stride)[0] if stride != 1 or inputs != out else None

    def forward(self, x):
        inner = self.conv_2d_1(F.pad(F.silu(self.batchnorm_0(x)), self.sides))
        branch = self.conv_2d_2(F.silu(self.batchnorm_1(inner)))
        return branch + (self.shortcut(F.pad(x, self.sides)) if self.shortcut is not None else x)


class DmPreAct(Normalised):
    def __init__(self, width):
        super().__init__()
        self.conv_2d = nn.Conv2d(3, width, 3, padding=1, bias=False)
        before = width
        for i, out in enumerate([width, 2 * width, 4 * width, 8 * width]):
            setattr(self, f"layer_{i}", nn.Sequential(PreActBlock(before, out, 1 if i == 0 else 2), PreActBlock(out, out, 1)))
            before = out
        self.batchnorm = nn.BatchNorm2d(before)
        self.logits = nn.Linear(before, CLASSES)

    def forward(self, x):
        x = self.layer_3(self.layer_2(self.layer_1(self.layer_0(self.conv_2d(self.normal(x))))))
        return self.logits(F.avg_pool2d(F.silu(self.batchnorm(x)), 4).flatten(1))


class BasicBlock(nn.Module):
    def __init__(self, inputs, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        changes = stride != 1 or inputs != out
        self.downsample = nn.Sequential(nn.Conv2d(inputs, out, 1, stride, bias=False), nn.BatchNorm2d(out)) if changes else None

    def forward(self, x):
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(branch + (self.downsample(x) if self.downsample is not None else x))


class Torchvision(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before = width
        for i, out in enumerate([width, 2 * width, 4 * width, 8 * width], 1):
            setattr(self, f"layer{i}", nn.Sequential(BasicBlock(before, out, 1 if i == 1 else 2), BasicBlock(out, out, 1)))
            before = out
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(before, CLASSES)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        return self.fc(self.avgpool(self.layer4(self.layer3(self.layer2(self.layer1(x))))).flatten(1))


class Windows(nn.Module):
    """Padding at two sides, and pooling of every kind, as users write them."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, 2)
        self.pools = nn.ModuleList([
            nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False),
            nn.MaxPool2d(2, 2, ceil_mode=True), nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False),
        ])
        self.second = nn.Conv2d(4, 3, 3)
        self.last = nn.Linear(3 * 5 * 6, CLASSES)

    def forward(self, x):
        x = F.silu(self.first(F.pad(x, (0, 1, 0, 1))))
        x = sum(pool(x) for pool in self.pools)
        x = F.silu(self.second(F.pad(x, (2, 1, 1, 2))))
        return self.last(F.pad(x, (1, 0, 0, 1), value=0.25).flatten(1))


def fill(net):
    """Seeds the tensors in order; a convolution's are scaled by its inputs."""
    for i, (name, tensor) in enumerate(tensors_of(net)):
        put(name, tensor, TENSORS + i, tensor.dim() > 1)


def tensors_of(net):
    return [(name, tensor) for name, tensor in net.state_dict().items()
            if not name.endswith("num_batches_tracked") and name not in ("mean", "std")]


def images_of(channels, height, width):
    numbers = (seeded(IMAGES, EXAMPLES * channels * height * width) + 1) / 2
    return torch.from_numpy(numbers.reshape(EXAMPLES, channels, height, width))


def network(options, net, size):
    fill(net)
    return {
        "options": options,
        "size": size,
        "normalised": hasattr(net, "mean"),
        "tensors": [[name, list(tensor.shape)] for name, tensor in tensors_of(net)],
        **passes(net, images_of(3, size, size)),
    }


def export(name, net, channels, height, width):
    fill(net)
    images = images_of(channels, height, width)
    for opset in OPSETS:
        torch.onnx.export(net.eval(), images, str(GOLDEN / "onnx" / f"{name}-{opset}.onnx"), opset_version=opset, dynamo=False,
                          input_names=["input"], dynamic_axes={"input": {0: "batch"}})
    return {"name": name, "sizes": [channels, height, width], "logits": net.double()(images.double()).tolist()}


GOLDEN = Path(__file__).parent.parent / "test" / "golden"
golden = {
    "made_by": f"scripts/golden_windows.py, torch {torch.__version__.split('+')[0]}, Python {platform.python_version()}",
    "sizes": [CHANNELS, HEIGHT, WIDTH],
    "rows": [row(*each) for each in LAYERS],
    "examples": EXAMPLES,
    "networks": {
        "dmWideResnet": network({"depth": 10, "factor": 2, "width": 2, "classes": CLASSES}, DmWide(2, 2), 32),
        "dmPreactResnet18": network({"width": 2, "classes": CLASSES}, DmPreAct(2), 32),
        "resnet18": network({"width": 2, "classes": CLASSES, "release": "torchvision", "size": 64}, Torchvision(2), 64),
    },
    "opsets": OPSETS,
    "files": [export("windows", Windows(), 2, 13, 14), export("torchvision", Torchvision(2), 3, 32, 32)],
}
(GOLDEN / "windows.json").write_text(json.dumps(rounded(golden, 9)) + "\n")
