"""Exports torchvision's classifiers to ONNX, with random weights from a fixed seed: python torchvision_export.py OUT NAME ...

Needs torch and torchvision, and onnx; the newer exporter (`--newer`) needs onnxscript, too. Ten classes, images of 32 x 32,
any number of images. Each file is OUT/NAME.onnx, or OUT/NAME-newer.onnx. One JSON object a line says what became of it.
"""

import argparse
import json
import warnings
from pathlib import Path

import torch
import torchvision

parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("names", nargs="+")
parser.add_argument("--newer", action="store_true")
given = parser.parse_args()
warnings.filterwarnings("ignore")


def filled(net):
    """A transformer whose last layer, class token and biases are not 0, as new ones' are."""
    for parameter in net.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return net


def vit_small(weights, num_classes):
    """The VisionTransformer of vit_b_16, with 2 layers of 32 channels."""
    return filled(torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=128, num_classes=num_classes))


def vit_b_16(weights, num_classes):
    """At full width: 12 layers of 768 channels. Of images of 32 x 32 pixels it sees 4 patches."""
    return filled(torchvision.models.vit_b_16(weights=None, num_classes=num_classes, image_size=32))


own = {"vit_small": vit_small, "vit_b_16": vit_b_16}


def seeded(name):
    """A network whose statistics are those of some images: untrained ones say nothing of a network in use."""
    torch.manual_seed(0)
    make = own.get(name) or getattr(torchvision.models, name)
    net = make(weights=None, num_classes=10)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        net.train()(torch.rand(64, 3, 32, 32))
    return net.eval()


def export(name):
    net = seeded(name)
    images = torch.rand(2, 3, 32, 32)
    path = Path(given.out) / f"{name}{'-newer' if given.newer else ''}.onnx"
    names = {"input_names": ["input"], "output_names": ["logits"]}
    if given.newer:
        torch.onnx.export(net, (images,), str(path), dynamo=True, external_data=False, verbose=False, **names)
    else:
        axes = {"input": {0: "batch"}, "logits": {0: "batch"}}
        torch.onnx.export(net, images, str(path), dynamo=False, opset_version=17, dynamic_axes=axes, **names)
    return {"file": str(path)}


for name in given.names:
    try:
        result = export(name)
    except Exception as error:
        result = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    print(json.dumps({"name": name, "torch": torch.__version__, "torchvision": torchvision.__version__, **result}), flush=True)
