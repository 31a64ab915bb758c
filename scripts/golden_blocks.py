"""Values of small networks as `test/support/exportedBlocks.ts` reads them: gradients of <logits, seeded> by weights and by
images, as [norm, <t, r0>, <t, r1>] with r_j = seeded(PROBES + j, size). Needs torch, numpy and onnx."""

import json
import platform
from pathlib import Path

import torch

from golden_numbers import rounded, seeded
from golden_passes import passes
from golden_zoo_fill import put, tensors_of

EXAMPLES, CHANNELS, CLASSES, IMAGES, TENSORS = 3, 3, 3, 1000, 100

GOLDEN = Path(__file__).parent.parent / "test" / "golden"


def fill(net, unscaled):
    """Seeds the tensors in order; those of a layer with weights are scaled by its inputs, unless their name says not to."""
    for i, (name, tensor) in enumerate(tensors_of(net)):
        put(name, tensor, TENSORS + i, tensor.dim() > 1 and not any(part in name for part in unscaled))


def block(family, side, name, make, opsets, unscaled=()):
    """PyTorch's values of a network, of images of `side` pixels, which is also exported to `onnx/FAMILY-NAME-OPSET.onnx`."""
    net = make()
    fill(net, unscaled)
    images = torch.from_numpy(((seeded(IMAGES, EXAMPLES * CHANNELS * side * side) + 1) / 2).reshape(EXAMPLES, CHANNELS, side, side))
    for opset in opsets:
        torch.onnx.export(net.eval(), images.float(), str(GOLDEN / "onnx" / f"{family}-{name}-{opset}.onnx"), opset_version=opset,
                          dynamo=False, input_names=["input"], output_names=["logits"],
                          training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                          dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}})
    return {
        "opsets": opsets,
        "tensors": [[name, list(tensor.shape)] for name, tensor in net.named_parameters()],
        **passes(net, images),
    }


def write(family, side, values):
    """Writes `test/golden/FAMILY.json`."""
    golden = {
        "made_by": f"scripts/golden_{family}.py, torch {torch.__version__.split('+')[0]}, Python {platform.python_version()}",
        "examples": EXAMPLES,
        "sizes": [CHANNELS, side, side],
        **values,
    }
    (GOLDEN / f"{family}.json").write_text(json.dumps(rounded(golden, 9)) + "\n")
