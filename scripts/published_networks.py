"""Networks of public releases, written anew from their descriptions, with the names of their state dicts. Needs torch.

Each takes its sizes as arguments, so that narrow ones can be compared with this project's. For golden values and for the
table of what is read.
"""

import torch
import torch.nn.functional as F
from torch import nn

CIFAR10 = ((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616))


def conv(inputs, out, kernel, stride=1, padding=0, bias=False, groups=1):
    return nn.Conv2d(inputs, out, kernel, stride, padding, bias=bias, groups=groups)


class Constants(nn.Module):
    """A network behind a normalisation: in the file under the names that are given, or not in it."""

    def __init__(self, net, mean, std, names=None):
        super().__init__()
        self.kept = names or ("_m", "_s")
        for name, values in zip(self.kept, (mean, std)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=names is not None)
        self.net = net

    def forward(self, x):
        mean, std = (getattr(self, name) for name in self.kept)
        return self.net((x - mean) / std)


class PreActBlock(nn.Module):
    """conv2(f(bn2(conv1(f(bn1(x)))))) + shortcut, which may read x or f(bn1(x)); `wrap` makes its module."""

    def __init__(self, inputs, out, stride, act, shortcut, reads="activated", wrap=lambda c: c, changes=None):
        super().__init__()
        self.act, self.reads, self.name = act, reads, shortcut
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv(inputs, out, 3, stride, 1)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = conv(out, out, 3, 1, 1)
        if changes if changes is not None else (stride != 1 or inputs != out):
            setattr(self, shortcut, wrap(conv(inputs, out, 1, stride)))

    def forward(self, x):
        a = self.act(self.bn1(x))
        y = self.conv2(self.act(self.bn2(self.conv1(a))))
        if hasattr(self, self.name):
            return y + getattr(self, self.name)(a if self.reads == "activated" else x)
        return y + x


class Group(nn.Module):
    def __init__(self, name, blocks):
        super().__init__()
        self.name = name
        setattr(self, name, nn.Sequential(*blocks))

    def forward(self, x):
        return getattr(self, self.name)(x)


def wide_group(inputs, out, count, stride, act):
    return Group("layer", [PreActBlock(inputs if i == 0 else out, out, stride if i == 0 else 1, act, "convShortcut",
                                       changes=i == 0 and inputs != out) for i in range(count)])


class Wide(nn.Module):
    """WideResNet as TRADES and RobustBench have it; `unused` adds the group that its forward pass never calls."""

    def __init__(self, depth=28, factor=10, width=16, classes=10, act=F.relu, unused=False):
        super().__init__()
        count, widths = (depth - 4) // 6, [width, width * factor, 2 * width * factor, 4 * width * factor]
        self.act = act
        self.conv1 = conv(3, width, 3, 1, 1)
        for i in range(3):
            setattr(self, f"block{i + 1}", wide_group(widths[i], widths[i + 1], count, 1 if i == 0 else 2, act))
        if unused:
            self.sub_block1 = wide_group(widths[0], widths[1], count, 1, act)
        self.bn1 = nn.BatchNorm2d(widths[3])
        self.fc = nn.Linear(widths[3], classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.avg_pool2d(self.act(self.bn1(x)), 8).flatten(1))


class RobustWide(nn.Module):
    """RobustWideResNet (Huang 2021), or with `later` the names of robust-resnet (Huang 2022)."""

    def __init__(self, blocks=(5, 5, 5), channels=(16, 320, 640, 512), classes=10, act=F.relu, later=False):
        super().__init__()
        self.act, self.later = act, later
        self.stem_conv = conv(3, channels[0], 3, 1, 1)
        groups = []
        for i, count in enumerate(blocks):
            inputs, out = channels[i], channels[i + 1]
            groups.append(Group("layer", [
                PreActBlock(inputs if j == 0 else out, out, 2 if i > 0 and j == 0 else 1, act,
                            "shortcut" if later else "convShortcut", wrap=nn.Sequential if later else lambda c: c,
                            changes=None if later else (j == 0 and inputs != out)) for j in range(count)]))
        self.blocks = nn.ModuleList(groups)
        setattr(self, "norm1" if later else "bn1", nn.BatchNorm2d(channels[3]))
        self.fc = nn.Linear(channels[3], classes)

    def forward(self, x):
        x = self.stem_conv(x)
        for group in self.blocks:
            x = group(x)
        x = self.act((self.norm1 if self.later else self.bn1)(x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Squeeze(nn.Module):
    def __init__(self, channels, inner):
        super().__init__()
        self.fc1, self.fc2 = conv(channels, inner, 1, bias=True), conv(inner, channels, 1, bias=True)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1)))))


class DmBlock(nn.Module):
    def __init__(self, inputs, out, stride, act, squeeze=None):
        super().__init__()
        self.act, self.sides = act, (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1)
        self.batchnorm_0 = nn.BatchNorm2d(inputs)
        self.conv_0 = conv(inputs, out, 3, stride)
        self.batchnorm_1 = nn.BatchNorm2d(out)
        self.conv_1 = conv(out, out, 3, 1, 1)
        self.shortcut = conv(inputs, out, 1, stride) if inputs != out else None
        self.se = Squeeze(out, round(squeeze * out)) if squeeze else None

    def forward(self, x):
        a = self.act(self.batchnorm_0(x))
        y = self.conv_1(self.act(self.batchnorm_1(self.conv_0(F.pad(a, self.sides)))))
        y = self.se(y) if self.se is not None else y
        return y + (self.shortcut(a) if self.shortcut is not None else x)


class DmWide(nn.Module):
    """DeepMind's WideResNet, and with `squeeze` RaWRN; the normalisation is not in the state dict."""

    def __init__(self, blocks, channels, classes=10, act=F.silu, squeeze=None):
        super().__init__()
        self.act = act
        self.init_conv = conv(3, channels[0], 3, 1, 1)
        self.layer = nn.Sequential(*(
            Group("block", [DmBlock(channels[i] if j == 0 else channels[i + 1], channels[i + 1],
                                    2 if i > 0 and j == 0 else 1, act, squeeze) for j in range(count)])
            for i, count in enumerate(blocks)))
        self.batchnorm = nn.BatchNorm2d(channels[3])
        self.logits = nn.Linear(channels[3], classes)

    def forward(self, x):
        x = self.layer(self.init_conv(x))
        return self.logits(F.avg_pool2d(self.act(self.batchnorm(x)), 8).flatten(1))


def dm_wide(depth=28, factor=10, width=16, **more):
    count = (depth - 4) // 6
    return DmWide([count] * 3, [width, width * factor, 2 * width * factor, 4 * width * factor], **more)


class DmPreActBlock(nn.Module):
    def __init__(self, inputs, out, stride, act):
        super().__init__()
        self.act, self.sides = act, (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1)
        self.batchnorm_0 = nn.BatchNorm2d(inputs)
        self.conv_2d_1 = conv(inputs, out, 3, stride)
        self.batchnorm_1 = nn.BatchNorm2d(out)
        self.conv_2d_2 = conv(out, out, 3, 1, 1)
        self.shortcut = conv(inputs, out, 3, stride) if stride != 1 or inputs != out else None

    def forward(self, x):
        y = self.conv_2d_1(F.pad(self.act(self.batchnorm_0(x)), self.sides))
        y = self.conv_2d_2(self.act(self.batchnorm_1(y)))
        return y + (self.shortcut(F.pad(x, self.sides)) if self.shortcut is not None else x)


class DmPreAct(nn.Module):
    def __init__(self, blocks=(2, 2, 2, 2), width=64, classes=10, act=F.silu):
        super().__init__()
        self.act, before = act, width
        self.conv_2d = conv(3, width, 3, 1, 1)
        for i, count in enumerate(blocks):
            out = width * 2 ** i
            setattr(self, f"layer_{i}", nn.Sequential(*(
                DmPreActBlock(before if j == 0 else out, out, 2 if i > 0 and j == 0 else 1, act) for j in range(count))))
            before = out
        self.batchnorm = nn.BatchNorm2d(before)
        self.logits = nn.Linear(before, classes)

    def forward(self, x):
        x = self.layer_3(self.layer_2(self.layer_1(self.layer_0(self.conv_2d(x)))))
        return self.logits(F.avg_pool2d(self.act(self.batchnorm(x)), 4).flatten(1))


class PreAct(nn.Module):
    """PreActResNet-18; `last` adds batch normalisation before the linear layer, `reads` is what the shortcuts read."""

    def __init__(self, width=64, classes=10, reads="input", last=False):
        super().__init__()
        self.conv1 = conv(3, width, 3, 1, 1)
        before = width
        for i in range(4):
            out = width * 2 ** i
            setattr(self, f"layer{i + 1}", nn.Sequential(*(
                PreActBlock(before if j == 0 else out, out, 2 if i > 0 and j == 0 else 1, F.relu, "shortcut", reads,
                            nn.Sequential) for j in range(2))))
            before = out
        self.bn = nn.BatchNorm2d(before) if last else None
        self.linear = nn.Linear(before, classes)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.conv1(x)))))
        x = F.relu(self.bn(x)) if self.bn is not None else x
        return self.linear(F.avg_pool2d(x, 4).flatten(1))


class ResBlock(nn.Module):
    """A basic block, or with `inner` a bottleneck of that many channels."""

    def __init__(self, inputs, out, stride, shortcut, inner=None):
        super().__init__()
        self.deep, self.name = inner is not None, shortcut
        if self.deep:
            self.conv1, self.bn1 = conv(inputs, inner, 1), nn.BatchNorm2d(inner)
            self.conv2, self.bn2 = conv(inner, inner, 3, stride, 1), nn.BatchNorm2d(inner)
            self.conv3, self.bn3 = conv(inner, out, 1), nn.BatchNorm2d(out)
        else:
            self.conv1, self.bn1 = conv(inputs, out, 3, stride, 1), nn.BatchNorm2d(out)
            self.conv2, self.bn2 = conv(out, out, 3, 1, 1), nn.BatchNorm2d(out)
        if stride != 1 or inputs != out:
            setattr(self, shortcut, nn.Sequential(conv(inputs, out, 1, stride), nn.BatchNorm2d(out)))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        y = self.bn3(self.conv3(F.relu(y))) if self.deep else y
        return F.relu(y + (getattr(self, self.name)(x) if hasattr(self, self.name) else x))


class ResNet(nn.Module):
    """A ResNet of kuangliu's pytorch-cifar, or of torchvision; `deep` has bottlenecks, `wide` times as wide inside."""

    def __init__(self, blocks=(2, 2, 2, 2), width=64, classes=10, deep=False, wide=1, torchvision=False):
        super().__init__()
        self.torchvision = torchvision
        self.conv1 = conv(3, width, 7, 2, 3) if torchvision else conv(3, width, 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(width)
        before = width
        for i, count in enumerate(blocks):
            inner = width * 2 ** i
            out = inner * (4 if deep else 1)
            setattr(self, f"layer{i + 1}", nn.Sequential(*(
                ResBlock(before if j == 0 else out, out, 2 if i > 0 and j == 0 else 1,
                         "downsample" if torchvision else "shortcut", inner * wide if deep else None)
                for j in range(count))))
            before = out
        setattr(self, "fc" if torchvision else "linear", nn.Linear(before, classes))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 3, 2, 1) if self.torchvision else x
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return (self.fc if self.torchvision else self.linear)(F.adaptive_avg_pool2d(x, 1).flatten(1))


class SmallCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.feature_extractor = nn.ModuleDict({
            "conv1": conv(1, 32, 3, bias=True), "conv2": conv(32, 32, 3, bias=True),
            "conv3": conv(32, 64, 3, bias=True), "conv4": conv(64, 64, 3, bias=True)})
        self.classifier = nn.ModuleDict({"fc1": nn.Linear(1024, 200), "fc2": nn.Linear(200, 200), "fc3": nn.Linear(200, 10)})

    def forward(self, x):
        f, c = self.feature_extractor, self.classifier
        x = F.max_pool2d(F.relu(f["conv2"](F.relu(f["conv1"](x)))), 2)
        x = F.max_pool2d(F.relu(f["conv4"](F.relu(f["conv3"](x)))), 2)
        return c["fc3"](F.relu(c["fc2"](F.relu(c["fc1"](x.flatten(1))))))


VGG = {11: (1, 1, 2, 2, 2), 16: (2, 2, 3, 3, 3)}
TIMES = (1, 2, 4, 8, 8)


class VggTorchvision(nn.Module):
    def __init__(self, depth, width=64, classes=10, hidden=4096, pooled=7):
        super().__init__()
        layers, before = [], 3
        for count, times in zip(VGG[depth], TIMES):
            for _ in range(count):
                layers += [conv(before, width * times, 3, 1, 1, True), nn.BatchNorm2d(width * times), nn.ReLU()]
                before = width * times
            layers.append(nn.MaxPool2d(2))
        self.features, self.pooled = nn.Sequential(*layers), pooled
        self.classifier = nn.Sequential(nn.Linear(before * pooled ** 2, hidden), nn.ReLU(), nn.Identity(),
                                        nn.Linear(hidden, hidden), nn.ReLU(), nn.Identity(), nn.Linear(hidden, classes))

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), self.pooled).flatten(1))


class VggPwoa(nn.Module):
    def __init__(self, width=64, classes=10):
        super().__init__()
        before = 3
        for i, (count, times) in enumerate(zip(VGG[16], TIMES)):
            layers = []
            for _ in range(count):
                layers.append(nn.Sequential(conv(before, width * times, 3, 1, 1, True), nn.BatchNorm2d(width * times), nn.ReLU()))
                before = width * times
            setattr(self, f"layer{i + 1}", nn.Sequential(*layers, nn.MaxPool2d(2) if i < 4 else nn.AdaptiveAvgPool2d(2)))
        self.layer6 = nn.Sequential(nn.Linear(before * 4, 4 * width), nn.ReLU())
        self.layer7 = nn.Sequential(nn.Linear(4 * width, 4 * width), nn.ReLU())
        self.layer8 = nn.Linear(4 * width, classes)

    def forward(self, x):
        x = self.layer5(self.layer4(self.layer3(self.layer2(self.layer1(x)))))
        return self.layer8(self.layer7(self.layer6(x.flatten(1))))


def unit(inputs, out, kernel, stride=1, groups=1):
    return nn.Sequential(conv(inputs, out, kernel, stride, kernel // 2, groups=groups), nn.BatchNorm2d(out), nn.ReLU6())


class Inverted(nn.Module):
    def __init__(self, inputs, out, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.sums = stride == 1 and inputs == out
        self.conv = nn.Sequential(*([unit(inputs, hidden, 1)] if expand > 1 else []), unit(hidden, hidden, 3, stride, hidden),
                                  conv(hidden, out, 1), nn.BatchNorm2d(out))

    def forward(self, x):
        return self.conv(x) + x if self.sums else self.conv(x)


def eighths(number):
    near = max(8, int(number + 4) // 8 * 8)
    return near + 8 if near < 0.9 * number else near


class MobileNetV2(nn.Module):
    GROUPS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self, multiplier=1, classes=1000):
        super().__init__()
        before = eighths(32 * multiplier)
        layers = [unit(3, before, 3, 2)]
        for expand, channels, count, stride in self.GROUPS:
            for i in range(count):
                layers.append(Inverted(before, eighths(channels * multiplier), stride if i == 0 else 1, expand))
                before = eighths(channels * multiplier)
        last = eighths(1280 * max(1, multiplier))
        self.features = nn.Sequential(*layers, unit(before, last, 1))
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(last, classes))

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, 4 * growth, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), conv(4 * growth, growth, 3, 1, 1)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))], 1)


class DenseNet121(nn.Module):
    def __init__(self, growth=32, width=64, classes=1000):
        super().__init__()
        f = {"conv0": conv(3, width, 7, 2, 3), "norm0": nn.BatchNorm2d(width), "relu0": nn.ReLU(), "pool0": nn.MaxPool2d(3, 2, 1)}
        for i, count in enumerate((6, 12, 24, 16)):
            f[f"denseblock{i + 1}"] = nn.Sequential()
            for j in range(count):
                f[f"denseblock{i + 1}"].add_module(f"denselayer{j + 1}", DenseLayer(width, growth))
                width += growth
            if i < 3:
                f[f"transition{i + 1}"] = nn.Sequential()
                for name, module in (("norm", nn.BatchNorm2d(width)), ("relu", nn.ReLU()), ("conv", conv(width, width // 2, 1)),
                                     ("pool", nn.AvgPool2d(2))):
                    f[f"transition{i + 1}"].add_module(name, module)
                width //= 2
        f["norm5"] = nn.BatchNorm2d(width)
        self.features = nn.Sequential()
        for name, module in f.items():
            self.features.add_module(name, module)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(F.relu(self.features(x)), 1).flatten(1))


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of images with channels first."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-6)

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def stem_of(out, *channels):
    """Convolutions of 3 x 3 pixels, all but the third with stride 2, as RobustBench's ConvStem."""
    layers, before = [], 3
    for i, width in enumerate((*channels, out)):
        layers += [conv(before, width, 3, 1 if i == 2 else 2, 1, True), ChannelNorm(width), nn.GELU()]
        before = width
    return layers


class ConvNextBlock(nn.Module):
    """`names` are those of the depthwise convolution, the normalisation, both linear layers and the scale."""

    def __init__(self, channels, names, scale_shape):
        super().__init__()
        layers = (conv(channels, channels, 7, 1, 3, True, channels), nn.LayerNorm(channels, eps=1e-6),
                  nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels))
        self.names = names
        for name, layer in zip(names, layers):
            place = self
            *path, last = name.split(".")
            for part in path:
                if not hasattr(place, part):
                    place.add_module(part, nn.Module())
                place = getattr(place, part)
            place.add_module(last, layer)
        self.register_parameter(names[4], nn.Parameter(torch.ones(channels, *scale_shape)))

    def forward(self, x):
        depthwise, norm, wide, narrow = (self.get_submodule(name) for name in self.names[:4])
        y = narrow(F.gelu(wide(norm(depthwise(x).permute(0, 2, 3, 1))))).permute(0, 3, 1, 2)
        return x + y * getattr(self, self.names[4]).view(-1, 1, 1)


class ConvNextTorchvision(nn.Module):
    NAMES = ("block.0", "block.2", "block.3", "block.5", "layer_scale")

    def __init__(self, depths=(3, 3, 9, 3), width=96, classes=1000):
        super().__init__()
        layers = [nn.Sequential(conv(3, width, 4, 4, bias=True), ChannelNorm(width))]
        for i, depth in enumerate(depths):
            if i > 0:
                layers.append(nn.Sequential(ChannelNorm(width), conv(width, 2 * width, 2, 2, bias=True)))
                width *= 2
            layers.append(nn.Sequential(*(ConvNextBlock(width, self.NAMES, (1, 1)) for _ in range(depth))))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(ChannelNorm(width), nn.Flatten(1), nn.Linear(width, classes))

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 1))


class ConvNextTimm(nn.Module):
    """`stem` is the number of convolutions before the first stage: 1 of patches, or 2 or 3 of 3 x 3 pixels."""

    NAMES = ("conv_dw", "norm", "mlp.fc1", "mlp.fc2", "gamma")

    def __init__(self, depths=(3, 3, 9, 3), width=96, classes=1000, stem=1):
        super().__init__()
        if stem == 1:
            self.stem = nn.Sequential(conv(3, width, 4, 4, bias=True), ChannelNorm(width))
        else:
            self.stem = nn.Sequential()
            self.stem.add_module("stem", nn.Sequential(*stem_of(width, *([width // 2, 3 * width // 4][:stem - 1]))))
        self.stages = nn.Sequential()
        for i, depth in enumerate(depths):
            stage = nn.Sequential()
            stage.add_module("downsample", nn.Sequential(ChannelNorm(width), conv(width, 2 * width, 2, 2, bias=True)) if i else nn.Identity())
            width *= 2 if i else 1
            stage.add_module("blocks", nn.Sequential(*(ConvNextBlock(width, self.NAMES, ()) for _ in range(depth))))
            self.stages.append(stage)
        self.head = nn.ModuleDict({"norm": nn.LayerNorm(width, eps=1e-6), "fc": nn.Linear(width, classes)})

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.stages(self.stem(x)), 1).flatten(1)
        return self.head["fc"](self.head["norm"](x))


class ConvNextFacebook(nn.Module):
    NAMES = ("dwconv", "norm", "pwconv1", "pwconv2", "gamma")

    def __init__(self, depths=(3, 3, 9, 3), width=96, classes=1000):
        super().__init__()
        halvings, stages = [nn.Sequential(conv(3, width, 4, 4, bias=True), ChannelNorm(width))], []
        for i, depth in enumerate(depths):
            if i > 0:
                halvings.append(nn.Sequential(ChannelNorm(width), conv(width, 2 * width, 2, 2, bias=True)))
                width *= 2
            stages.append(nn.Sequential(*(ConvNextBlock(width, self.NAMES, ()) for _ in range(depth))))
        self.downsample_layers, self.stages = nn.ModuleList(halvings), nn.ModuleList(stages)
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        for halving, stage in zip(self.downsample_layers, self.stages):
            x = stage(halving(x))
        return self.head(self.norm(x.mean([2, 3])))


class MultiHead(nn.Module):
    """Attention with one linear layer for queries, keys and values: timm's names."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        shares = (q @ k.transpose(2, 3) / (width // self.heads) ** 0.5).softmax(3)
        return self.proj((shares @ v).transpose(1, 2).reshape(n, tokens, width))


class VitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), MultiHead(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class VitTimm(nn.Module):
    """`stem` is the number of channels of the first of five convolutions instead of patches, as RobustBench's ConvStem."""

    def __init__(self, width=768, depth=12, heads=12, size=224, patch=16, classes=1000, stem=None):
        super().__init__()
        proj = conv(3, width, patch, patch, bias=True)
        if stem:
            proj, before = nn.Module(), 3
            layers = []
            for times in (1, 2, 4, 8):
                layers += [conv(before, times * stem, 3, 2, 1, True), ChannelNorm(times * stem), nn.GELU()]
                before = times * stem
            proj.stem = nn.Sequential(*layers, conv(before, width, 1, bias=True))
            proj.forward = proj.stem.forward
        self.patch_embed = nn.ModuleDict({"proj": proj})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(VitBlock(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


class Places(nn.Module):
    """Sines and cosines of each patch's row and column, combined by a convolution of one pixel."""

    def __init__(self, width, features):
        super().__init__()
        self.token_projection, self.half = conv(features, width, 1, bias=True), features // 2

    def forward(self, x):
        def along(extent):
            places = (torch.arange(extent, dtype=torch.float64) + 1) / (extent + 1e-6) * 2 * torch.pi
            i = torch.arange(self.half)
            angles = places[:, None] / 10000 ** (2 * (i // 2) / self.half)
            return torch.where(i % 2 == 0, angles.sin(), angles.cos()).T

        rows, columns = along(x.shape[2]), along(x.shape[3])
        places = torch.cat([rows[:, :, None].expand(-1, -1, x.shape[3]), columns[:, None].expand(-1, x.shape[2], -1)])
        return x + self.token_projection(places[None].to(x.dtype))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class ChannelAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv, self.proj, self.heads = nn.Linear(width, 3 * width), nn.Linear(width, width), heads

    def forward(self, x):
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).transpose(1, 2).reshape(n, 3, self.heads, width // self.heads, tokens).unbind(1)
        shares = (F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-1, -2) * self.temperature).softmax(-1)
        return self.proj((shares @ v).reshape(n, width, tokens).transpose(1, 2))


class Near(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn = conv(width, width, 3, 1, 1, True, width), nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, 3, 1, 1, True, width)

    def forward(self, x, side):
        image = x.transpose(1, 2).unflatten(2, (side, side))
        return self.conv2(self.bn(F.gelu(self.conv1(image)))).flatten(2).transpose(1, 2)


class XcitBlock(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width, eps=1e-6) for _ in range(3))
        self.attn, self.local_mp, self.mlp = ChannelAttention(width, heads), Near(width), Mlp(width, hidden)
        self.gamma1, self.gamma2, self.gamma3 = (nn.Parameter(torch.ones(width)) for _ in range(3))

    def forward(self, x, side):
        x = x + self.gamma1 * self.attn(self.norm1(x))
        x = x + self.gamma3 * self.local_mp(self.norm3(x), side)
        return x + self.gamma2 * self.mlp(self.norm2(x))


class ClassAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))
        self.heads = heads

    def forward(self, x):
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.q(x[:, :1]), self.k(x), self.v(x)))
        shares = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        return self.proj((shares @ v).transpose(1, 2).flatten(2))


class ClassBlock(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn, self.mlp = ClassAttention(width, heads), Mlp(width, hidden)
        self.gamma1, self.gamma2 = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))

    def forward(self, x):
        y = self.norm1(x)
        x = self.norm2(x + self.gamma1 * torch.cat([self.attn(y), y[:, 1:]], 1))
        return x + torch.cat([self.gamma2 * self.mlp(x[:, :1]), x[:, 1:]], 1)


class Xcit(nn.Module):
    """timm's XCiT whose class blocks normalise all tokens. `patch`: the first convolutions keep the size for less than 16."""

    def __init__(self, width=384, depth=12, heads=8, hidden=None, classes=1000, patch=16, features=64):
        super().__init__()
        hidden = hidden or 4 * width
        kept, layers = {16: 0, 8: 1, 4: 2}[patch], []
        for i in range(4):
            out = width // 2 ** (3 - i)
            layers.append(nn.Sequential(conv(3 if i == 0 else out // 2, out, 3, 1 if i < kept else 2, 1), nn.BatchNorm2d(out)))
            layers.append(nn.GELU())
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Sequential(*layers[:-1])
        self.pos_embed, self.cls_token = Places(width, features), nn.Parameter(torch.zeros(1, 1, width))
        self.blocks = nn.ModuleList(XcitBlock(width, heads, hidden) for _ in range(depth))
        self.cls_attn_blocks = nn.ModuleList(ClassBlock(width, heads, hidden) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, classes)

    def forward(self, x):
        x = self.pos_embed(self.patch_embed.proj(x))
        side, x = x.shape[2], x.flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x, side)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1)
        for block in self.cls_attn_blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class RaBlock(nn.Module):
    """A bottleneck with grouped convolutions and squeeze-and-excitation; the first convolution has no normalisation."""

    def __init__(self, inputs, out, stride, groups):
        super().__init__()
        inner = out // 4
        if stride != 1 or inputs != out:
            self.proj = nn.Sequential(conv(inputs, out, 1, stride), nn.BatchNorm2d(out))
        self.F = nn.Sequential()
        for name, part in (
            ("a", nn.Sequential(conv(inputs, inner, 1), nn.Identity(), nn.SiLU())),
            ("b", nn.Sequential(conv(inner, inner, 3, stride, 1, groups=groups), nn.BatchNorm2d(inner), nn.SiLU())),
            ("se", Squeeze(inner, round(inputs / 4))),
            ("c", nn.Sequential(conv(inner, out, 1), nn.BatchNorm2d(out))),
        ):
            self.F.add_module(name, part)

    def forward(self, x):
        return F.silu(self.F(x) + (self.proj(x) if hasattr(self, "proj") else x))


class RaWide101(nn.Module):
    """RaWRN-101-2 (Peng 2023) for ImageNet."""

    def __init__(self, depths=(7, 11, 18, 1), channels=(512, 1024, 2016, 4032), width=96, groups=2, classes=1000):
        super().__init__()
        first = nn.Sequential(conv(3, width, 7, 2, 3), nn.BatchNorm2d(width), nn.ReLU())
        self.stem = nn.ModuleDict({"stem": nn.ModuleDict({"stem": first})})
        self.stages = nn.Sequential()
        before = width
        for i, (depth, out) in enumerate(zip(depths, channels)):
            stage = nn.Sequential()
            for j in range(depth):
                stage.add_module(f"stage{i + 1}-block{j}", RaBlock(before, out, 2 if j == 0 else 1, groups))
                before = out
            self.stages.add_module(f"stage{i + 1}", stage)
        self.fc = nn.Linear(before, classes)

    def forward(self, x):
        x = self.stages(self.stem["stem"]["stem"](x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Boosted(Wide):
    """Cosines of the features and of each class's weights, which the forward pass gives length 1; there is no bias."""

    def __init__(self, depth=34, factor=20, width=16, classes=10, unused=True):
        super().__init__(depth, factor, width, classes, unused=unused)
        self.fc = nn.Linear(4 * width * factor, classes, bias=False)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        features = F.avg_pool2d(F.relu(self.bn1(x)), 8).flatten(1)
        self.fc.weight.data = F.normalize(self.fc.weight.data)
        return self.fc(F.normalize(features))


class Standardized(nn.Module):
    """Images less their mean, divided by their unbiased deviation, or by 1/sqrt(numbers) if that is larger."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.state_dict, self.named_parameters = net.state_dict, net.named_parameters

    def forward(self, x):
        axes = (1, 2, 3)
        least = x[0].numel() ** -0.5
        return self.net((x - x.mean(axes, keepdim=True)) / x.std(axes, keepdim=True).clamp(min=least))


class PreActBottleneck(nn.Module):
    def __init__(self, inputs, inner, stride):
        super().__init__()
        out = 4 * inner
        self.bn0, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, inner, 1)
        self.bn1, self.conv2 = nn.BatchNorm2d(inner), conv(inner, inner, 3, stride, 1)
        self.bn2, self.conv3 = nn.BatchNorm2d(inner), conv(inner, out, 1)
        changes = stride != 1 or inputs != out
        self.shortcut = nn.Sequential(conv(inputs, out, 1, stride), nn.BatchNorm2d(out)) if changes else nn.Sequential()

    def forward(self, x):
        a = F.relu(self.bn0(x))
        y = self.conv3(F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(a)))))))
        return y + (self.shortcut(a) if len(self.shortcut) else x)


class PreActResNet50(nn.Module):
    def __init__(self, width=64, classes=10):
        super().__init__()
        self.conv1, self.bn1, before = conv(3, width, 3, 1, 1), nn.BatchNorm2d(width), width
        for i, count in enumerate((3, 4, 6, 3)):
            blocks = []
            for j in range(count):
                blocks.append(PreActBottleneck(before, width * 2 ** i, 2 if i > 0 and j == 0 else 1))
                before = 4 * width * 2 ** i
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(before, classes)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x)))))))
        return self.linear(F.avg_pool2d(x, 4).flatten(1))


class Ensemble(nn.Module):
    """The mean of the probabilities of several networks, which have two names each."""

    def __init__(self, *nets, named=True):
        super().__init__()
        for i, net in enumerate(nets if named else ()):
            setattr(self, f"branch{i + 1}", net)
        self.models = nn.ModuleList(nets)

    def forward(self, x):
        return sum(net(x).softmax(1) for net in self.models) / len(self.models)


class SplitAttention(nn.Module):
    def __init__(self, channels, radix, least):
        super().__init__()
        self.radix, squeezed = radix, max(channels * radix // 4, least)
        self.conv, self.bn0 = conv(channels, radix * channels, 3, 1, 1, groups=radix), nn.BatchNorm2d(radix * channels)
        self.fc1, self.bn1 = conv(channels, squeezed, 1, bias=True), nn.BatchNorm2d(squeezed)
        self.fc2 = conv(squeezed, radix * channels, 1, bias=True)

    def forward(self, x):
        branches = F.silu(self.bn0(self.conv(x))).unflatten(1, (self.radix, -1))
        seen = F.adaptive_avg_pool2d(branches.sum(1), 1)
        shares = self.fc2(F.silu(self.bn1(self.fc1(seen)))).unflatten(1, (self.radix, -1)).softmax(1)
        return (shares * branches).sum(1)


class ResNestBlock(nn.Module):
    def __init__(self, inputs, channels, stride, radix, least):
        super().__init__()
        out, self.stride = 4 * channels, stride
        self.conv1, self.bn1 = conv(inputs, channels, 1), nn.BatchNorm2d(channels)
        self.conv2 = SplitAttention(channels, radix, least)
        self.conv3, self.bn3 = conv(channels, out, 1), nn.BatchNorm2d(out)
        if stride != 1 or inputs != out:
            self.downsample = nn.Sequential(nn.AvgPool2d(stride, stride), conv(inputs, out, 1), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.conv2(F.silu(self.bn1(self.conv1(x))))
        y = F.avg_pool2d(y, 3, self.stride, 1) if self.stride != 1 else y
        return F.silu(self.bn3(self.conv3(y)) + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNest(nn.Module):
    def __init__(self, blocks=(3, 8, 36, 3), width=64, stem=64, classes=10, radix=4, least=32):
        super().__init__()
        self.conv1 = nn.Sequential(conv(3, stem, 3, 1, 1), nn.BatchNorm2d(stem), nn.SiLU(),
                                   conv(stem, stem, 3, 1, 1), nn.BatchNorm2d(stem), nn.SiLU(), conv(stem, 2 * stem, 3, 1, 1))
        before = 2 * stem
        self.bn1 = nn.BatchNorm2d(before)
        for i, count in enumerate(blocks):
            stage = []
            for j in range(count):
                stage.append(ResNestBlock(before, width * 2 ** i, 2 if i > 0 and j == 0 else 1, radix, least))
                before = 4 * width * 2 ** i
            setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(before, classes)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(F.silu(self.bn1(self.conv1(x)))))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))
