"""Small networks for onnx_torch.py: what image classifiers of several kinds are made of, with seeded weights."""

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 5


class Residual(nn.Module):
    """A stem, a block with a shortcut of its own, pooling: a ResNet."""

    shape = (3, 12, 12)

    def __init__(self):
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.conv1, self.bn1 = nn.Conv2d(4, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6)
        self.short, self.bn3 = nn.Conv2d(4, 6, 1, 2, bias=False), nn.BatchNorm2d(6)
        self.pool, self.fc = nn.MaxPool2d(3, 2, 1), nn.Linear(6, CLASSES)

    def forward(self, x):
        x = self.pool(F.relu(self.bn(self.stem(x))))
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.bn3(self.short(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Mobile(nn.Module):
    """Depth-wise convolutions, squeeze-and-excitation, ReLU6, hard swish, a mean over axes: a MobileNet."""

    shape = (3, 10, 10)

    def __init__(self):
        super().__init__()
        self.stem, self.deep = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 1, 1, groups=4)
        self.squeeze, self.excite = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)
        self.out, self.act, self.drop = nn.Conv2d(4, 6, 1), nn.Hardswish(), nn.Dropout(0.2)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = F.relu6(self.deep(self.act(self.stem(x))))
        x = x * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        return self.fc(self.drop(self.act(self.out(x)).mean((2, 3))))


class Shuffle(nn.Module):
    """Halves of channels, concatenation, a shuffle, padding on chosen sides, a view: a ShuffleNet."""

    shape = (3, 8, 8)

    def __init__(self):
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 4, 3), nn.Conv2d(2, 2, 3, padding=1)
        self.fc = nn.Linear(4 * 7 * 7, CLASSES)

    def forward(self, x):
        a, b = F.silu(self.stem(F.pad(x, (0, 1, 0, 1)))).chunk(2, dim=1)
        x = torch.cat([a, F.gelu(self.conv(b))], 1)
        n, c, h, w = x.size()
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.fc(x.view(x.size(0), -1))


class ChannelsLast(nn.Module):
    """LayerNorm and linear layers over the last axis, a learned scale: a ConvNeXt."""

    shape = (3, 8, 8)

    def __init__(self):
        super().__init__()
        self.stem, self.deep = nn.Conv2d(3, 4, 2, 2), nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.norm, self.up, self.down = nn.LayerNorm(4, eps=1e-6), nn.Linear(4, 8), nn.Linear(8, 4)
        self.gamma, self.last, self.fc = nn.Parameter(torch.ones(4)), nn.LayerNorm(4), nn.Linear(4, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.deep(x).permute(0, 2, 3, 1))
        x = x + (self.gamma * self.down(F.gelu(self.up(y)))).permute(0, 3, 1, 2)
        return self.fc(self.last(x.mean([-2, -1])))


class Groups(nn.Module):
    """Group and instance normalisation, a transposed convolution, leaky and parametric ReLU, average pooling."""

    shape = (2, 6, 6)

    def __init__(self):
        super().__init__()
        self.stem, self.group = nn.Conv2d(2, 4, 3, padding=1), nn.GroupNorm(2, 4)
        self.up, self.instance = nn.ConvTranspose2d(4, 4, 2, 2), nn.InstanceNorm2d(4, affine=True)
        self.act, self.fc = nn.PReLU(4), nn.Linear(4 * 9, CLASSES)

    def forward(self, x):
        x = F.leaky_relu(self.group(self.stem(x)), 0.1)
        x = self.act(self.instance(self.up(x)))
        return self.fc(F.avg_pool2d(x, 4).flatten(1))


class Flat(nn.Module):
    """Linear layers on lists of pixels, as the mnistfc networks of VNN-COMP."""

    shape = (784,)

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 8), nn.Linear(8, 8), nn.Linear(8, CLASSES)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Ending(nn.Module):
    """A normalisation of images, batch normalisation of a vector, and a softmax at the end."""

    shape = (3, 6, 6)

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.25, 0.2, 0.3]).view(1, 3, 1, 1))
        self.conv, self.hidden, self.bn = nn.Conv2d(3, 4, 3), nn.Linear(64, 6), nn.BatchNorm1d(6)
        self.fc = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = F.elu(self.conv((x - self.mean) / self.std))
        return F.softmax(self.fc(torch.tanh(self.bn(self.hidden(x.reshape(x.shape[0], -1))))), dim=-1)


class Block(nn.Module):
    """Attention and a perceptron, each added to its input. @param own: attention by reshapes, else PyTorch's module"""

    def __init__(self, own):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.own = own
        self.attention = None if own else nn.MultiheadAttention(8, 2, batch_first=True)
        self.qkv, self.proj = (nn.Linear(8, 24), nn.Linear(8, 8)) if own else (None, None)
        self.fc1, self.fc2 = nn.Linear(8, 16), nn.Linear(16, 8)

    def mixed(self, x):
        if not self.own:
            return self.attention(x, x, x, need_weights=False)[0]
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, 2, width // 2).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(n, tokens, width))

    def forward(self, x):
        x = x + self.mixed(self.ln1(x))
        return x + self.fc2(F.gelu(self.fc1(self.ln2(x))))


class Transformer(nn.Module):
    """Patches, a class token, positions and a block; `own` as timm writes attention, else as torchvision does."""

    shape = (3, 8, 8)

    def __init__(self, own=False):
        super().__init__()
        self.patches, self.block, self.norm = nn.Conv2d(3, 8, 4, 4), Block(own), nn.LayerNorm(8)
        self.token, self.positions = nn.Parameter(torch.zeros(1, 1, 8)), nn.Parameter(torch.zeros(1, 5, 8))
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.fc(self.norm(self.block(x))[:, 0])


networks = {
    "residual": Residual,
    "mobile": Mobile,
    "shuffle": Shuffle,
    "channels last": ChannelsLast,
    "groups": Groups,
    "flat": Flat,
    "softmax": Ending,
    "transformer": Transformer,
    "own attention": lambda: Transformer(True),
}


def made(name):
    """A network in use whose numbers are all seeded, and none of them an exception such as 0 or 1."""
    torch.manual_seed(0)
    net = networks[name]()
    with torch.no_grad():
        for key, tensor in [*net.named_parameters(), *net.named_buffers()]:
            if key in ("mean", "std") or tensor.dtype != torch.float32:
                continue
            noise = torch.rand_like(tensor) - 0.5
            near = any(part in key for part in ("running_var", "gamma")) or (tensor.dim() == 1 and key.endswith("weight"))
            tensor.copy_(1 + noise / 2 if near else noise if tensor.dim() > 1 else noise / 2)
    return net.eval()
