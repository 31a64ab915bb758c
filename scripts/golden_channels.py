"""Writes test/golden/channels.json: PyTorch's concatenations, selections and products of channels, in float64.

    python scripts/golden_channels.py    # needs torch, numpy and onnx; seconds

`blocks` are one small block of each family of networks: values, and the gradients of <logits, seeded> by the weights and by
the images, summed up as [norm, <t, r0>, <t, r1>] with r_j = seeded(PROBES + j, size), the weights one after the other in
the order of `tensors`. `onnx/channels-NAME-OPSET.onnx` are the same blocks as PyTorch's exporter writes them.
"""

import torch
import torch.nn.functional as F
from torch import nn

from golden_blocks import CHANNELS, CLASSES, block, write

# Pixels of a side of the images.
SIDE = 8


class Dense(nn.Module):
    """DenseNet's layers, and its transition."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 4, 3, padding=1, bias=False)
        self.norm1, self.conv1 = nn.BatchNorm2d(4), nn.Conv2d(4, 2, 3, padding=1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(6), nn.Conv2d(6, 2, 3, padding=1, bias=False)
        self.norm3, self.transition = nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1, bias=False)
        self.fc = nn.Linear(4, CLASSES)

    def forward(self, x):
        features = [self.stem(x)]
        for norm, conv in ((self.norm1, self.conv1), (self.norm2, self.conv2)):
            features.append(conv(F.relu(norm(torch.cat(features, 1)))))
        x = F.avg_pool2d(self.transition(F.relu(self.norm3(torch.cat(features, 1)))), 2)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Fire(nn.Module):
    """SqueezeNet's fire module; the logits are means over pixels."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(CHANNELS, 2, 1)
        self.expand1, self.expand3 = nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, 3, padding=1)
        self.classifier = nn.Conv2d(6, CLASSES, 1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        x = torch.cat([F.relu(self.expand1(x)), F.relu(self.expand3(x))], 1)
        return torch.flatten(F.adaptive_avg_pool2d(self.classifier(x), 1), 1)


class Shuffle(nn.Module):
    """ShuffleNet's unit: one half passes convolutions, and the channels of both halves alternate."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 8, 3, padding=1)
        self.units = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(4, 4, 1, bias=False), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
                nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.ReLU(),
            )
            for _ in range(2)
        )
        self.fc = nn.Linear(8, CLASSES)

    @staticmethod
    def shuffled(x, groups=2):
        n, c, h, w = x.size()
        return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for unit in self.units:
            left, right = x.chunk(2, dim=1)
            x = self.shuffled(torch.cat((left, unit(right)), 1))
        return self.fc(x.mean([2, 3]))


class Gate(nn.Module):
    """Squeeze-and-excitation by convolutions (EfficientNet, RegNet), by hard functions (MobileNetV3) and by linear layers."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 6, 3, padding=1)
        self.fc1, self.fc2 = nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1)
        self.fc3, self.fc4 = nn.Conv2d(6, 2, 1), nn.Conv2d(2, 6, 1)
        self.fc5, self.fc6 = nn.Linear(6, 2), nn.Linear(2, 6)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = F.silu(self.stem(x))
        x = x * torch.sigmoid(self.fc2(F.silu(self.fc1(F.adaptive_avg_pool2d(x, 1)))))
        x = F.hardsigmoid(self.fc4(F.relu(self.fc3(F.adaptive_avg_pool2d(x, 1))))) * x
        gate = torch.sigmoid(self.fc6(F.relu(self.fc5(x.mean((2, 3))))))
        x = x * gate.view(-1, 6, 1, 1)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)) * 2.5


class Shortcut(nn.Module):
    """ResNet's shortcut of option A: every other pixel, and channels of zeros. The logits are divided by a temperature."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 4, 3, padding=1, bias=False)
        self.norm0 = nn.BatchNorm2d(4)
        self.conv1, self.norm1 = nn.Conv2d(4, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = F.relu(self.norm0(self.stem(x)))
        branch = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        x = F.relu(branch + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2), "constant", 0))
        x = F.avg_pool2d(x, 4)
        return self.fc(x.view(x.size(0), -1)) / 0.5


class Parts(nn.Module):
    """Channels in every form: a split in unequal parts, a list, a range with a step; products of images and of vectors."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 6, 3, padding=1)
        self.left, self.right = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.fc1, self.fc2 = nn.Linear(8, 4), nn.Linear(8, 4)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = F.relu(self.stem(x))
        a, b = torch.split(x, [2, 4], dim=1)
        y = torch.tanh(self.left(a)) * self.right(b)
        y = torch.cat([y[:, [3, 0, 2]], x[:, 1::2], y[:, 1:3]], 1)
        v = F.adaptive_avg_pool2d(y, 1).flatten(1)
        v = self.fc1(v) * torch.sigmoid(self.fc2(v))
        return self.fc(torch.cat([v, v[:, 1:3]], 1))


class Cells(nn.Module):
    """Pooling to cells, of images that are not square: means, maxima, and the maximum of the whole image."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 4, (3, 1))
        self.on = nn.Conv2d(8, 4, 1)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.stem(x))
        x = self.on(torch.cat([F.adaptive_avg_pool2d(x, (3, 4)), F.adaptive_max_pool2d(x, (3, 4))], 1))
        return self.fc(torch.cat([F.adaptive_max_pool2d(x, 1).flatten(1), x.amax((2, 3))], 1))


BLOCKS = {"dense": (Dense, [9, 17]), "fire": (Fire, [17]), "shuffle": (Shuffle, [9, 17]), "gate": (Gate, [13]),
          "shortcut": (Shortcut, [11, 17]), "parts": (Parts, [11, 18]), "cells": (Cells, [9, 18])}

write("channels", SIDE, {"blocks": {name: block("channels", SIDE, name, *made) for name, made in BLOCKS.items()}})
