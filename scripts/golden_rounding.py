"""Writes test/golden/rounding.json and test/golden/onnx/rounding-*.onnx: numbers rounded to 8-bit integers by PyTorch, and a
small network in 8-bit integers as onnxruntime's quantizer and PyTorch's exporter write it.

    python scripts/golden_rounding.py    # needs torch, numpy, onnx and onnxruntime
"""

import json
import logging
import platform
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from golden_numbers import seeded

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
CHANNELS, SIDE, CLASSES, EXAMPLES = 3, 8, 4, 16
GOLDEN = Path(__file__).parent.parent / "test" / "golden"


class Net(nn.Module):
    """Convolutions, one of them depth-wise, a shortcut, both kinds of pooling, linear layers."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(2)
        self.wide = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.out = nn.Conv2d(4, 4, 1)
        self.mean = nn.AvgPool2d(2)
        self.fc1 = nn.Linear(16, 6)
        self.fc2 = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = self.pool(torch.relu(self.norm(self.stem(x))))
        x = x + self.out(torch.relu(self.wide(x)))
        return self.fc2(torch.relu(self.fc1(torch.flatten(self.mean(x), 1))))


class Rounded(nn.Module):
    """The same, with activations rounded as PyTorch's quantisation for x86 rounds them: to 7 bits."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def round(self, x, most):
        scale = float(np.float32(most / 127))
        return torch.fake_quantize_per_tensor_affine(x, scale, 0, 0, 127)

    def forward(self, x):
        net = self.net
        x = self.round(torch.relu(net.norm(net.stem(self.round(x, 1)))), 2)
        x = net.pool(x)
        x = self.round(torch.relu(net.out(x)), 1.5)
        return net.fc2(torch.relu(net.fc1(torch.flatten(net.mean(x), 1))))


class Images(CalibrationDataReader):
    """Seeded images, one by one."""

    def __init__(self):
        images = (seeded(1000, EXAMPLES * CHANNELS * SIDE * SIDE) + 1) / 2
        self.rest = iter(images.reshape(EXAMPLES, 1, CHANNELS, SIDE, SIDE).astype(np.float32))

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {"input": image}


def fill(net):
    for i, (name, tensor) in enumerate([*net.named_parameters(), *net.named_buffers()]):
        if tensor.dtype != torch.float32:
            continue
        values = torch.from_numpy(seeded(100 + i, tensor.numel())).reshape(tensor.shape)
        with torch.no_grad():
            tensor.copy_(1 + values / 2 if name in ("norm.weight", "norm.running_var") else values / 2)
    return net.eval()


def export(net, path):
    torch.onnx.export(net, torch.zeros(2, CHANNELS, SIDE, SIDE), str(path), opset_version=17, dynamo=False,
                      input_names=["input"], output_names=["logits"],
                      dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}})


def numbers():
    """Values and gradients, for all channels and for each; halves of steps, and numbers outside of the range."""
    x = torch.cat([torch.arange(-12, 13) / 8, torch.tensor([40.0, -40.0, 0.03])]).reshape(1, 2, 14).requires_grad_()
    cases = []
    for integers, least, most in (("uint8", 0, 255), ("int8", -128, 127), ("uint7", 0, 127)):
        for scale, zero in (([0.25], [least + 3]), ([0.25], [most - 2]), ([0.07, 0.25], [least + 20, most - 40])):
            x.grad = None
            if len(scale) == 1:
                y = torch.fake_quantize_per_tensor_affine(x, scale[0], zero[0], least, most)
            else:
                y = torch.fake_quantize_per_channel_affine(x, torch.tensor(scale), torch.tensor(zero, dtype=torch.int32), 1, least, most)
            y.sum().backward()
            cases.append({"integers": integers, "scale": scale, "zero_point": zero,
                          "values": y.detach().ravel().tolist(), "gradient": x.grad.ravel().tolist()})
    return {"x": x.detach().ravel().tolist(), "cases": cases}


def files():
    out = GOLDEN / "onnx"
    net = fill(Net())
    with tempfile.TemporaryDirectory() as folder:
        plain, ready = Path(folder) / "plain.onnx", Path(folder) / "ready.onnx"
        export(net, plain)
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        for name, options in {
            "int8": {"activation_type": QuantType.QInt8, "weight_type": QuantType.QInt8},
            "uint8": {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "per_channel": True},
            "unsigned": {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8},
            "symmetric": {"activation_type": QuantType.QInt8, "weight_type": QuantType.QInt8, "per_channel": True,
                          "extra_options": {"ActivationSymmetric": True, "DedicatedQDQPair": True}},
            "floats": {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "per_channel": True,
                       "extra_options": {"AddQDQPairToWeight": True, "QuantizeBias": False}},
        }.items():
            quantize_static(str(ready), str(out / f"rounding-{name}.onnx"), Images(), quant_format=QuantFormat.QDQ, **options)
        quantize_static(str(ready), str(out / "rounding-operators.onnx"), Images(), quant_format=QuantFormat.QOperator)
        quantize_dynamic(str(ready), str(out / "rounding-dynamic.onnx"))
    export(Rounded(net), out / "rounding-torch.onnx")


files()
golden = {
    "made_by": f"scripts/golden_rounding.py, torch {torch.__version__.split('+')[0]}, "
               f"onnxruntime {onnxruntime.__version__}, Python {platform.python_version()}",
    **numbers(),
}
(GOLDEN / "rounding.json").write_text(json.dumps(golden, indent=1) + "\n")
