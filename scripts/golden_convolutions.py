"""Writes test/golden/convolutions.json: PyTorch's convolutions, pooling with windows that are not square, and PReLU, in float64.

    python scripts/golden_convolutions.py    # needs torch, numpy and onnx; seconds

A row has layers, as the package describes them; the first of them that has weights has those of `seeded(TENSORS + i)`, by the
order of its state dict. The loss is sum <y_n, dy>, with dy = seeded(DY) for each image. `values` are of the first image;
gradients are flat, those of the tensors one after the other, in PyTorch's layout. `files` are the logits of
`onnx/convolutions-OPSET.onnx`.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
from torch import nn

from golden_numbers import rounded, seeded

HEIGHT, WIDTH, CHANNELS, EXAMPLES = 7, 6, 4, 2
IMAGES, DY, TENSORS = 1, 2, 10


def conv(out, kernel, stride=1, padding=0, dilation=1, groups=1, bias=True):
    layer = {"type": "conv2d", "name": "c", "out": out, "kernel": kernel, "stride": stride, "padding": padding,
             "bias": "learned" if bias else "none"}
    if dilation != 1:
        layer["dilation"] = dilation
    if groups != 1:
        layer["groups"] = groups
    return [layer], nn.Conv2d(CHANNELS, out, kernel, stride, padding, dilation, groups, bias)


def transposed(out, kernel, stride=1, padding=0, output_padding=0, dilation=1, groups=1, bias=True):
    layer = {"type": "convTranspose2d", "name": "t", "out": out, "kernel": kernel, "stride": stride, "padding": padding,
             "bias": "learned" if bias else "none"}
    if output_padding != 0:
        layer["outputPadding"] = output_padding
    if dilation != 1:
        layer["dilation"] = dilation
    if groups != 1:
        layer["groups"] = groups
    return [layer], nn.ConvTranspose2d(CHANNELS, out, kernel, stride, padding, output_padding, groups, bias, dilation)


def pool(type, module, **windows):
    return [{"type": type, **windows}], module


def padded(mode, module, top, bottom, left, right):
    layer = {"type": "pad2d", "top": top, "bottom": bottom, "left": left, "right": right, "mode": mode}
    return [layer], module((left, right, top, bottom))


def prelu(count):
    layer = {"type": "prelu", "name": "p", "slopes": "one" if count == 1 else "each"}
    return [layer], nn.PReLU(count)


CASES = [
    conv(3, [3, 2], [2, 1], [1, 0]),
    conv(2, [1, 3], [2, 1]),
    conv(2, 3, padding=2, dilation=2, bias=False),
    conv(3, 3, 2, 1, [1, 2]),
    conv(2, [2, 3], [1, 2], [1, 2], [3, 1]),
    conv(2, 1, [2, 1]),
    conv(6, [1, 3], [2, 1], groups=2),
    conv(2, 3, padding=[2, 1], dilation=[2, 1], groups=2),
    conv(8, 3, 2, 1, groups=4),
    conv(4, 3, padding=2, dilation=2, groups=4, bias=False),
    conv(8, [3, 2], [1, 2], dilation=[2, 1], groups=4),
    transposed(1, 3),
    transposed(1, 4, 2, 1),
    transposed(2, [3, 2], [2, 1], [1, 2], [1, 0], bias=False),
    transposed(1, 3, [1, 2], 1, 1, 2),
    transposed(1, [1, 2], 3, 0, 2),
    transposed(4, 3, 1, 3, groups=2),
    transposed(4, [2, 3], 2, 2, 1, groups=4),
    pool("maxPool2d", nn.MaxPool2d((3, 2), (2, 1), (1, 0)), kernel=[3, 2], stride=[2, 1], padding=[1, 0]),
    pool("maxPool2d", nn.MaxPool2d((2, 3), (3, 2), ceil_mode=True), kernel=[2, 3], stride=[3, 2], ceilMode=True),
    pool("avgPool2d", nn.AvgPool2d((3, 2), (2, 3), (1, 1), count_include_pad=False),
         kernel=[3, 2], stride=[2, 3], padding=1, countIncludePad=False),
    pool("avgPool2d", nn.AvgPool2d((3, 4), (2, 3), (0, 2), ceil_mode=True),
         kernel=[3, 4], stride=[2, 3], padding=[0, 2], ceilMode=True),
    padded("reflect", nn.ReflectionPad2d, 2, 1, 0, 5),
    padded("replicate", nn.ReplicationPad2d, 0, 8, 2, 1),
    padded("circular", nn.CircularPad2d, 1, 7, 6, 0),
    prelu(1),
    prelu(CHANNELS),
]


def numbers(seed, *shape):
    return torch.from_numpy(seeded(seed, int(np.prod(shape))).astype(np.float64).reshape(shape))


def row(layers, module):
    module = module.double()
    for i, tensor in enumerate(module.state_dict().values()):
        tensor.copy_(numbers(TENSORS + i, *tensor.shape))
    x = numbers(IMAGES, EXAMPLES, CHANNELS, HEIGHT, WIDTH).requires_grad_()
    y = module(x)
    (y * numbers(DY, *y.shape[1:])).sum().backward()
    flat = lambda tensors: [number for tensor in tensors for number in tensor.flatten().tolist()]
    return {
        "layers": layers,
        "values": flat(y[:1]),
        "weight_gradient": flat(parameter.grad for parameter in module.parameters()),
        "image_gradient": flat(x.grad[:1]),
    }


class Network(nn.Module):
    """Convolutions of every kind, as PyTorch's exporter writes them."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(CHANNELS, 4, [3, 2], [2, 1], [1, 0], dilation=[1, 2]), nn.PReLU(),
            nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"), nn.PReLU(4),
            nn.ConvTranspose2d(4, 6, [2, 3], 2, [0, 1], 1, groups=2), nn.BatchNorm2d(6), nn.ReLU(),
            nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=6, padding_mode="replicate"),
            nn.MaxPool2d([3, 2], [2, 1], [1, 0]), nn.AvgPool2d([2, 3]), nn.Flatten(),
        )
        self.last = nn.Linear(self.layers(torch.zeros(1, CHANNELS, HEIGHT, WIDTH)).numel(), 3)

    def forward(self, x):
        return self.last(self.layers(x))


def export(opset):
    net = Network().eval()
    for i, (name, tensor) in enumerate(net.state_dict().items()):
        if not name.endswith("num_batches_tracked"):
            scale = 1 if name.endswith("running_var") else 0
            tensor.copy_(numbers(100 + i, *tensor.shape) / 2 + scale)
    x = (numbers(IMAGES, EXAMPLES, CHANNELS, HEIGHT, WIDTH) + 1) / 2
    file = GOLDEN / "onnx" / f"convolutions-{opset}.onnx"
    torch.onnx.export(net, x.float(), str(file), opset_version=opset, dynamo=False, input_names=["input"],
                      dynamic_axes={"input": {0: "batch"}})
    return net.double()(x).flatten().tolist()


GOLDEN = Path(__file__).parent.parent / "test" / "golden"
golden = {
    "made_by": f"scripts/golden_convolutions.py, torch {torch.__version__.split('+')[0]}, Python {platform.python_version()}",
    "sizes": [CHANNELS, HEIGHT, WIDTH],
    "examples": EXAMPLES,
    "rows": [row(*each) for each in CASES],
    "files": {f"convolutions-{opset}.onnx": export(opset) for opset in (11, 17)},
}
(GOLDEN / "convolutions.json").write_text(json.dumps(rounded(golden, 7)) + "\n")
