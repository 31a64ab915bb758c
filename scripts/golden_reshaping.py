"""Writes test/golden/reshaping.json: PyTorch's networks that make tokens of vectors, join flattened images, take sides and tokens
away, and write attention in other ways, in float64.

    python scripts/golden_reshaping.py    # needs torch, numpy and onnx; seconds

`blocks` are as in norms.json, and `onnx/reshaping-NAME-OPSET.onnx` the same networks as PyTorch's exporter writes them.
"""

import torch
import torch.nn.functional as F
from torch import nn

from golden_blocks import CHANNELS, CLASSES, block, write

# Pixels of a side of the images.
SIDE = 6


class Keys(nn.Module):
    """Tokens of a vector, and attention whose scores have a row for each key."""

    def __init__(self):
        super().__init__()
        self.embed, self.qkv, self.proj = nn.Linear(CHANNELS * SIDE * SIDE, 32), nn.Linear(8, 24), nn.Linear(8, 8)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = F.relu(self.embed(x.flatten(1))).view(-1, 4, 8)
        q, k, v = (part.unflatten(2, (2, 4)).transpose(1, 2) for part in self.qkv(x).chunk(3, 2))
        shares = ((k * 0.5) @ q.transpose(-2, -1)).softmax(-2)
        return self.fc(self.proj((shares.transpose(-2, -1) @ v).transpose(1, 2).flatten(2)).mean(1))


class Pixels(nn.Module):
    """Attention between the pixels of an image, as in SAGAN: values times shares, without a scale."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 4, 3)
        self.query, self.key, self.value = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1), nn.Conv2d(4, 4, 1)
        self.fc = nn.Linear(4, CLASSES)

    def forward(self, x):
        x = F.relu(self.stem(x))
        n, c, h, w = x.shape
        shares = torch.bmm(self.query(x).view(n, -1, h * w).permute(0, 2, 1), self.key(x).view(n, -1, h * w)).softmax(-1)
        x = x + torch.bmm(self.value(x).view(n, -1, h * w), shares.permute(0, 2, 1)).view(n, c, h, w)
        return self.fc(x.mean((2, 3)))


class Joined(nn.Module):
    """Vectors of images of several sizes, joined and added; an image of a vector."""

    def __init__(self):
        super().__init__()
        self.stem, self.down = nn.Conv2d(CHANNELS, 4, 3), nn.Conv2d(4, 4, 2, 2)
        self.mix, self.deep, self.fc = nn.Linear(16, 16), nn.Conv2d(4, 3, 2), nn.Linear(4 * 16 + 16 + 4 + 3, CLASSES)

    def forward(self, x):
        x = F.relu(self.stem(x))
        y = self.down(x)
        vector = F.silu(y.flatten(1)) + self.mix(y.flatten(1))
        z = self.deep(vector.view(-1, 4, 2, 2)).flatten(1)
        return self.fc(torch.cat([x.flatten(1), F.relu(y.flatten(1)), y.amax((2, 3)), z], 1))


class Parts(nn.Module):
    """Images without their sides, and the mean of the tokens after the first one."""

    def __init__(self):
        super().__init__()
        self.patches, self.token = nn.Conv2d(CHANNELS, 8, 2, 2), nn.Parameter(torch.zeros(1, 1, 8))
        self.position, self.norm, self.attention = nn.Parameter(torch.zeros(1, 5, 8)), nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)
        self.last, self.fc = nn.LayerNorm(8), nn.Linear(8, CLASSES)

    def forward(self, x):
        x = F.pad(x, (-1, 0, 0, 0))[:, :, 1:-1, :-1]
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return self.fc(self.last(x[:, 1:].mean(1)))


class Pooled(nn.Module):
    """The largest and the mean of channels, as in a CBAM; a maxout; images of other sizes; a difference; copies of a channel."""

    def __init__(self):
        super().__init__()
        self.grey, self.stem = nn.Conv2d(CHANNELS, 1, 1), nn.Conv2d(3, 8, 3, padding=1)
        self.gate, self.mix, self.fc = nn.Conv2d(2, 1, 3, padding=1), nn.Conv2d(4, 4, 3), nn.Linear(4, CLASSES)

    def forward(self, x):
        x = self.stem(F.interpolate(self.grey(x).expand(-1, 3, -1, -1), scale_factor=2))
        x = x * torch.sigmoid(self.gate(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))
        x = F.interpolate(torch.max(x[:, :4], x[:, 4:]), size=(7, 5), mode="bilinear")
        y = self.mix(x)
        x = y - F.interpolate(x, size=(5, 3), mode="bilinear", align_corners=True)
        return self.fc(x.sum((2, 3)) / 15)


BLOCKS = {"pooled": (Pooled, [11, 17]), "keys": (Keys, [13, 17]), "pixels": (Pixels, [12, 17]), "joined": (Joined, [11, 17]), "parts": (Parts, [14, 17])}

write("reshaping", SIDE, {"blocks": {name: block("reshaping", SIDE, name, *made, ("token", "position")) for name, made in BLOCKS.items()}})
