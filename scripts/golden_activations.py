"""Writes test/golden/activations.json: PyTorch's activation functions and their derivatives, in float64.

    python scripts/golden_activations.py    # needs torch, numpy and onnx; seconds

`x` has no kink of any of them, where a derivative is a choice. `onnx/activations-OPSET.onnx` are a network with all of them
as PyTorch's exporter writes it for that opset; the logits are PyTorch's, in float64. Weights and images come from `seeded`,
which the tests compute too (test/support/numbers.ts).
"""

import json
import platform
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from golden_numbers import rounded, seeded

X = [-30.0, -9.5, -4.2, -2.9, -1.3, -0.51, -1e-3, 1e-4, 0.02, 0.7, 1.9, 2.8, 3.3, 5.9, 6.4, 12.0, 40.0]

FUNCTIONS = [
    ({"type": "silu"}, nn.SiLU()),
    ({"type": "gelu", "approximate": "none"}, nn.GELU()),
    ({"type": "gelu", "approximate": "tanh"}, nn.GELU(approximate="tanh")),
    ({"type": "leakyRelu", "slope": 0.01}, nn.LeakyReLU()),
    ({"type": "leakyRelu", "slope": 0.25}, nn.LeakyReLU(0.25)),
    ({"type": "elu", "alpha": 1}, nn.ELU()),
    ({"type": "elu", "alpha": 0.5}, nn.ELU(0.5)),
    ({"type": "softplus", "beta": 1}, nn.Softplus(threshold=1000)),
    ({"type": "softplus", "beta": 3}, nn.Softplus(beta=3, threshold=1000)),
    ({"type": "sigmoid"}, nn.Sigmoid()),
    ({"type": "tanh"}, nn.Tanh()),
    ({"type": "relu6"}, nn.ReLU6()),
    ({"type": "hardSigmoid"}, nn.Hardsigmoid()),
    ({"type": "hardSwish"}, nn.Hardswish()),
    ({"type": "mish"}, nn.Mish()),
]


def row(function, module):
    x = torch.tensor(X, dtype=torch.float64, requires_grad=True)
    values = module(x)
    values.sum().backward()
    return {"function": function, "values": values.tolist(), "slopes": x.grad.tolist()}


EXAMPLES, CHANNELS, SIDE, CLASSES, OPSETS = 3, 2, 6, 4, [9, 14, 17, 20]


class Net(nn.Module):
    """Each function after a convolution or a linear layer; scaled activations, which are not a part of any function."""

    def __init__(self):
        super().__init__()
        self.functions = nn.ModuleList(module for _, module in FUNCTIONS)
        self.convs = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 1) for _ in FUNCTIONS)
        self.middle = nn.Linear(CHANNELS * SIDE * SIDE, 8)
        self.last = nn.Linear(8, CLASSES)

    def forward(self, x):
        for conv, function in zip(self.convs, self.functions):
            x = conv(x) + function(2.5 * conv(x)) * 1.5
        x = F.gelu(self.middle(x.flatten(1)))
        return self.last(F.silu(x))


def export():
    net = Net().eval()
    for seed, parameter in enumerate(net.parameters()):
        parameter.data = torch.from_numpy(seeded(100 + seed, parameter.numel()).reshape(parameter.shape))
    images = torch.from_numpy((seeded(1000, EXAMPLES * CHANNELS * SIDE * SIDE).reshape(EXAMPLES, CHANNELS, SIDE, SIDE) + 1) / 2)
    for opset in OPSETS:
        target = GOLDEN / "onnx" / f"activations-{opset}.onnx"
        torch.onnx.export(net, images, str(target), opset_version=opset, dynamo=False, input_names=["input"],
                          dynamic_axes={"input": {0: "batch"}})
    return net.double()(images.double()).tolist()


GOLDEN = Path(__file__).parent.parent / "test" / "golden"
golden = {
    "made_by": f"scripts/golden_activations.py, torch {torch.__version__.split('+')[0]}, Python {platform.python_version()}",
    "x": X,
    "rows": [row(*each) for each in FUNCTIONS],
    "network": {"examples": EXAMPLES, "channels": CHANNELS, "side": SIDE, "images": 1000, "opsets": OPSETS, "logits": export()},
}
(GOLDEN / "activations.json").write_text(json.dumps(rounded(golden, 15)) + "\n")
