"""Writes test/golden/zoo.json: narrow networks of public releases in PyTorch, in float64, in use and in training.

    python scripts/golden_zoo.py    # needs torch and numpy; seconds

The networks are those of `published_networks.py`. A tensor's numbers follow from its name: `seeded(hash of the name, size)`.
A gradient is summed up as [norm, sum of <g, seeded(hash of the name + 1, size)> over the tensors].
"""

import json
import math
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import published_networks as nets
from golden_numbers import rounded, seeded
from golden_zoo_fill import fill, hashed, tensors_of

CLASSES, EXAMPLES, IMAGES, PROBES = 5, 4, 1000, 2000


def network(factory, options, net, size=32, channels=3, normalisation=None):
    names = [name for name, _ in tensors_of(fill(net))]
    numbers = (seeded(IMAGES, EXAMPLES * channels * size * size) + 1) / 2
    images = torch.from_numpy(numbers.reshape(EXAMPLES, channels, size, size)).double().requires_grad_()
    net = net.double()
    read = images
    if normalisation:
        mean, std = (torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1) for values in normalisation)
        read = (images - mean) / std
    use = net.eval()(read).tolist()
    logits = net.train()(read)
    (logits * torch.from_numpy(seeded(3, logits.numel()).astype(np.float64).reshape(logits.shape))).sum().backward()
    weights = [(name, parameter.grad.numpy().ravel()) for name, parameter in net.named_parameters()]
    image = images.grad.numpy().ravel()
    return {
        "factory": factory, "options": options, "size": size, "channels": channels,
        "tensors": [len(names), sum(map(hashed, names))],
        "use": use, "training": logits.tolist(),
        "weight_gradient": [math.sqrt(sum(float(g @ g) for _, g in weights)),
                            sum(float(g @ seeded(hashed(name) + 1, g.size)) for name, g in weights)],
        "image_gradient": [float(np.linalg.norm(image)), float(image @ seeded(PROBES, image.size))],
    }


C = {"classes": CLASSES}
made = [
    network("wideResnet", {"depth": 10, "factor": 2, "width": 2, "activation": "silu", **C}, nets.Wide(10, 2, 2, CLASSES, F.silu)),
    network("robustWideResnet", {"blocks": [1, 2, 1], "channels": [2, 4, 6, 5], **C},
            nets.RobustWide((1, 2, 1), (2, 4, 6, 5), CLASSES)),
    network("robustWideResnet", {"blocks": [2, 1, 1], "channels": [2, 4, 6, 6], "release": "robustResNet", "activation": "silu", **C},
            nets.RobustWide((2, 1, 1), (2, 4, 6, 6), CLASSES, F.silu, later=True)),
    network("raWideResnet", {"blocks": [1, 2, 1], "channels": [3, 4, 8, 12], **C},
            nets.DmWide((1, 2, 1), (3, 4, 8, 12), CLASSES, squeeze=0.25), normalisation=nets.CIFAR10),
    network("dmPreactResnet34", {"width": 2, "activation": "relu", **C}, nets.DmPreAct((3, 4, 6, 3), 2, CLASSES, F.relu),
            normalisation=nets.CIFAR10),
    network("smallCnn", {}, nets.SmallCnn(), 28, 1),
    network("wideResnet50x2", {"width": 2, "release": "torchvision", "size": 64, **C},
            nets.ResNet((3, 4, 6, 3), 2, CLASSES, deep=True, wide=2, torchvision=True), 64),
    network("vgg11bn", {"release": "torchvision", "width": 2, "hidden": 6, "pooled": 2, "size": 128, **C},
            nets.VggTorchvision(11, 2, CLASSES, 6, 2), 128),
    network("vgg16bn", {"release": "torchvision", "width": 2, "hidden": 6, "pooled": 1, "size": 64, **C},
            nets.VggTorchvision(16, 2, CLASSES, 6, 1), 64),
    network("vgg11bn", {"release": "torchvision", "width": 2, "hidden": 6, "pooled": 3, "size": 32, **C},
            nets.VggTorchvision(11, 2, CLASSES, 6, 3)),
    network("vgg16bn", {"release": "pwoa", "width": 2, **C}, nets.VggPwoa(2, CLASSES)),
    network("mobilenetV2", {"multiplier": 0.1, "size": 96, **C}, nets.MobileNetV2(0.1, CLASSES), 96),
    network("densenet121", {"growth": 2, "width": 4, "size": 64, **C}, nets.DenseNet121(2, 4, CLASSES), 64),
    network("convnext", {"depths": [1, 1, 2, 1], "width": 4, "size": 32, **C},
            nets.ConvNextTorchvision((1, 1, 2, 1), 4, CLASSES)),
    network("convnext", {"depths": [1, 2, 1, 1], "width": 4, "size": 32, "release": "facebook", **C},
            nets.ConvNextFacebook((1, 2, 1, 1), 4, CLASSES)),
    network("convnext", {"depths": [1, 1, 1, 1], "width": 4, "size": 32, "release": "timm", **C},
            nets.ConvNextTimm((1, 1, 1, 1), 4, CLASSES)),
    network("convnext", {"depths": [2, 1, 1, 1], "width": 4, "size": 32, "release": "timm", "stem": "twoConvolutions", **C},
            nets.ConvNextTimm((2, 1, 1, 1), 4, CLASSES, 2)),
    network("convnext", {"depths": [1, 1, 1, 2], "width": 4, "size": 32, "release": "timm", "stem": "threeConvolutions", **C},
            nets.ConvNextTimm((1, 1, 1, 2), 4, CLASSES, 3)),
    network("xcit", {"width": 8, "depth": 2, "heads": 2, "hidden": 12, "size": 32, "patch": 4, "features": 8, **C},
            nets.Xcit(8, 2, 2, 12, CLASSES, 4, 8)),
    network("vit", {"width": 128, "depth": 1, "hidden": 512, "size": 16, "patch": 8, "release": "timm", **C},
            nets.VitTimm(128, 1, 2, 16, 8, CLASSES), 16),
    network("vit", {"width": 6, "depth": 2, "hidden": 24, "size": 32, "release": "timm", "stem": "convolutions", "stemWidth": 2, **C},
            nets.VitTimm(6, 2, 1, 32, 16, CLASSES, 2)),
    network("raWideResnet101x2", {"depths": [1, 2, 1, 1], "channels": [8, 8, 16, 24], "width": 4, "size": 64, **C},
            nets.RaWide101((1, 2, 1, 1), (8, 8, 16, 24), 4, 2, CLASSES), 64),
    network("wideResnet", {"depth": 10, "factor": 1, "width": 2, "images": "standardized", **C},
            nets.Standardized(nets.Wide(10, 1, 2, CLASSES))),
    network("wideResnet", {"depth": 10, "factor": 1, "width": 2, "last": "cosine", **C},
            nets.Boosted(10, 1, 2, CLASSES, unused=False)),
    network("resnest152", {"blocks": [1, 2, 1, 1], "width": 2, "stem": 2, "radix": 2, "squeezed": 8, **C},
            nets.ResNest((1, 2, 1, 1), 2, 2, CLASSES, 2, 8)),
    network("preactResnet50", {"width": 2, **C}, nets.PreActResNet50(2, CLASSES)),
    network("preactEnsemble", {"width": 1, **C}, nets.Ensemble(*(nets.PreActResNet50(1, CLASSES) for _ in range(3)), named=False)),
]
golden = {
    "made_by": f"scripts/golden_zoo.py, torch {torch.__version__.split('+')[0]}, Python {platform.python_version()}",
    "examples": EXAMPLES,
    "networks": made,
}
path = Path(__file__).parent.parent / "test" / "golden" / "zoo.json"
path.write_text(json.dumps(rounded(golden, 9)) + "\n")
