"""Writes test/golden/norms.json: PyTorch's normalisations within images, ConvNeXt's blocks, and transformers, in float64.

    python scripts/golden_norms.py    # needs torch, numpy and onnx; seconds

`blocks` are small networks: values, and the gradients of <logits, seeded> by the weights and by the images, summed up as
[norm, <t, r0>, <t, r1>] with r_j = seeded(PROBES + j, size), the weights one after the other in the order of `tensors`.
`onnx/norms-NAME-OPSET.onnx` are the same networks as PyTorch's exporter writes them.
"""

import torch
import torch.nn.functional as F
from torch import nn

from golden_blocks import CHANNELS, CLASSES, block, write

# Pixels of a side of the images.
SIDE = 6


class LayerNorm2d(nn.LayerNorm):
    """Of the channels of each pixel, as torchvision's ConvNeXt has it."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


class Layers(nn.Module):
    """Normalisations of pixels and of vectors."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm1 = nn.Conv2d(CHANNELS, 4, 3, 2, 1), LayerNorm2d(4, eps=1e-6)
        self.conv, self.norm2 = nn.Conv2d(4, 5, 3), LayerNorm2d(5)
        self.norm3 = nn.LayerNorm(5)
        self.fc = nn.Linear(5, CLASSES)

    def forward(self, x):
        x = F.relu(self.norm1(self.stem(x)))
        x = self.norm2(self.conv(x))
        return self.fc(self.norm3(x.flatten(1)))


class Groups(nn.Module):
    """Normalisations of groups of channels: all of them, two, and as many as there are."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm1 = nn.Conv2d(CHANNELS, 4, 3, bias=False), nn.GroupNorm(1, 4)
        self.conv1, self.norm2 = nn.Conv2d(4, 6, 3, padding=1), nn.GroupNorm(2, 6, eps=1e-3)
        self.conv2, self.norm3 = nn.Conv2d(6, 4, 1), nn.InstanceNorm2d(4, affine=True)
        self.fc = nn.Linear(4 * 16, CLASSES)

    def forward(self, x):
        x = F.relu(self.norm1(self.stem(x)))
        x = F.silu(self.norm2(self.conv1(x)))
        return self.fc(F.relu(self.norm3(self.conv2(x))).flatten(1))


class Features(nn.Module):
    """Batch normalisation of vectors: of a flattened image, after a linear layer, and of what a second layer reads too."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm1 = nn.Conv2d(CHANNELS, 2, 3, 2), nn.BatchNorm1d(2 * 4)
        self.fc1, self.norm2 = nn.Linear(8, 5), nn.BatchNorm1d(5)
        self.fc2, self.norm3 = nn.Linear(5, 5), nn.BatchNorm1d(5)
        self.fc = nn.Linear(5, CLASSES)

    def forward(self, x):
        x = self.norm1(F.relu(self.stem(x)).flatten(1))
        x = F.relu(self.norm2(self.fc1(x)))
        y = self.fc2(x)
        return self.fc(F.silu(self.norm3(y)) + y)


class NextBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer_scale = nn.Parameter(torch.ones(width, 1, 1))
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.narrow(F.gelu(self.wide(y))).permute(0, 3, 1, 2)
        return x + self.layer_scale * y


class Next(nn.Module):
    """ConvNeXt: its stem, one block, a smaller image, its head."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm1 = nn.Conv2d(CHANNELS, 4, 2, 2), LayerNorm2d(4, eps=1e-6)
        self.block = NextBlock(4)
        self.norm2, self.down = LayerNorm2d(4, eps=1e-6), nn.Conv2d(4, 6, 2, 1)
        self.norm3 = LayerNorm2d(6, eps=1e-6)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = self.down(self.norm2(self.block(self.norm1(self.stem(x)))))
        return self.fc(self.norm3(F.adaptive_avg_pool2d(x, 1)).flatten(1))


class TokenBlock(nn.Module):
    """A block of torchvision's VisionTransformer. `weights`: whether attention returns its shares, which it computes otherwise."""

    def __init__(self, width, weights):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.wide, self.narrow = nn.Linear(width, 6), nn.Linear(6, width)
        self.weights = weights

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=self.weights)[0]
        return x + self.narrow(F.gelu(self.wide(self.norm2(x))))


class Tokens(nn.Module):
    """torchvision's VisionTransformer: patches, a class token, positions, a block, the class token's logits."""

    def __init__(self, weights=False):
        super().__init__()
        self.class_token, self.positions = nn.Parameter(torch.zeros(1, 1, 8)), nn.Parameter(torch.zeros(1, 5, 8))
        self.patches, self.block = nn.Conv2d(CHANNELS, 8, 3, 3), TokenBlock(8, weights)
        self.norm, self.fc = nn.LayerNorm(8, eps=1e-6), nn.Linear(8, CLASSES)

    def forward(self, x):
        n = x.shape[0]
        x = self.patches(x).reshape(n, 8, 4).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(n, -1, -1), x], 1) + self.positions
        return self.fc(self.norm(self.block(x))[:, 0])


class Products(nn.Module):
    """A block as timm writes it: queries, keys and values by one linear layer, and attention by products and a softmax."""

    def __init__(self):
        super().__init__()
        self.cls_token, self.pos_embed = nn.Parameter(torch.zeros(1, 1, 6)), nn.Parameter(torch.zeros(1, 5, 6))
        self.patches = nn.Conv2d(CHANNELS, 6, 3, 3)
        self.norm, self.qkv, self.proj = nn.LayerNorm(6, eps=1e-6), nn.Linear(6, 18), nn.Linear(6, 6)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        n, _, c = x.shape
        x = torch.cat((self.cls_token.expand(n, -1, -1), x), 1) + self.pos_embed
        q, k, v = self.qkv(self.norm(x)).reshape(n, 5, 3, 3, c // 3).permute(2, 0, 3, 1, 4).unbind(0)
        y = ((q * 0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(n, 5, c))
        return self.fc(x[:, 0])


BLOCKS = {"tokens": (Tokens, [14, 17]), "shares": (lambda: Tokens(True), [17]), "products": (Products, [13, 17]),
          "layers": (Layers, [13, 17]), "groups": (Groups, [12, 17]), "features": (Features, [11, 17]), "next": (Next, [13, 17])}


class Released(nn.Module):
    """torchvision's VisionTransformer of one block, with its own names."""

    def __init__(self):
        super().__init__()
        self.conv_proj, self.class_token = nn.Conv2d(CHANNELS, 8, 3, 3), nn.Parameter(torch.zeros(1, 1, 8))
        self.encoder, self.heads = nn.Module(), nn.Module()
        self.encoder.pos_embedding = nn.Parameter(torch.zeros(1, 5, 8))
        self.encoder.layers, self.encoder.ln = nn.Module(), nn.LayerNorm(8, eps=1e-6)
        block = self.encoder.layers.encoder_layer_0 = nn.Module()
        block.ln_1, block.ln_2 = nn.LayerNorm(8, eps=1e-6), nn.LayerNorm(8, eps=1e-6)
        block.self_attention = nn.MultiheadAttention(8, 2, batch_first=True)
        block.mlp = nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.Identity(), nn.Linear(6, 8))
        self.heads.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.conv_proj(x).reshape(-1, 8, 4).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1) + self.encoder.pos_embedding
        block = self.encoder.layers.encoder_layer_0
        y = block.ln_1(x)
        x = x + block.self_attention(y, y, y, need_weights=False)[0]
        x = x + block.mlp(block.ln_2(x))
        return self.heads.head(self.encoder.ln(x)[:, 0])


UNSCALED = ("scale", "token", "pos")

write("norms", SIDE, {
    "released": block("norms", SIDE, "released", Released, [], UNSCALED),
    "blocks": {name: block("norms", SIDE, name, *made, UNSCALED) for name, made in BLOCKS.items()},
})
