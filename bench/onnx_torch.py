"""Exports small networks to ONNX by PyTorch, in many ways: python onnx_torch.py OUT. Needs torch, onnx and onnxruntime; the
newer exporter needs onnxscript, too.

One JSON object a line: which network, how it was exported, its file, and the files of its images and of onnxruntime's
logits (float32; images as rows x columns x channels), or the error.
"""

import argparse
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from onnx_networks import made, networks

EXAMPLES = 4
OPSETS = (7, 9, 11, 13, 15, 17, 18, 20)

parser = argparse.ArgumentParser()
parser.add_argument("out")
given = parser.parse_args()
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
onnxruntime.set_default_logger_severity(4)
out = Path(given.out)


def script(net, images, path, batch=None, **options):
    """The exporter of TorchScript. @param batch: a fixed number of images; else any"""
    axes = {} if batch else {"dynamic_axes": {"input": {0: "batch"}, "logits": {0: "batch"}}}
    more = {} if old else {"dynamo": False}
    torch.onnx.export(net, images[:batch or 2], str(path), input_names=["input"], output_names=["logits"], **axes, **more,
                      **{"opset_version": 17, **options})


def newer(net, images, path, batch=None, **options):
    """The newer exporter, which traces with `torch.export`."""
    open_batch = {} if batch else {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    more = {"external_data": False, **options}
    program = torch.onnx.export(net, (images[:batch or 2],), dynamo=True, verbose=False, input_names=["input"],
                                output_names=["logits"], **open_batch, **({} if "opset_version" in more else {}),
                                **{key: value for key, value in more.items() if key in ("opset_version", "optimize")})
    program.save(str(path), external_data=more["external_data"])


def half(kind):
    """The weights in 16 bits, each converted by a `Cast`."""
    def convert(net, images, path):
        script(net, images, path)
        model = onnx.load(str(path))
        casts, kept = [], []
        for tensor in model.graph.initializer:
            if tensor.data_type != onnx.TensorProto.FLOAT:
                kept.append(tensor)
                continue
            numbers = torch.from_numpy(numpy_helper.to_array(tensor).copy())
            small = numbers.to(torch.float16 if kind == onnx.TensorProto.FLOAT16 else torch.bfloat16)
            raw = small.view(torch.int16).numpy().tobytes()
            kept.append(helper.make_tensor(f"{tensor.name}_16", kind, list(numbers.shape), raw, raw=True))
            casts.append(helper.make_node("Cast", [f"{tensor.name}_16"], [tensor.name], name=f"{tensor.name}_cast",
                                          to=onnx.TensorProto.FLOAT))
        nodes = list(model.graph.node)
        del model.graph.initializer[:], model.graph.node[:]
        model.graph.initializer.extend(kept)
        model.graph.node.extend(casts + nodes)
        onnx.save(model, str(path))
    return convert


def external(net, images, path):
    """Every tensor in a file beside the model."""
    script(net, images, path)
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, location=f"{path.name}.data", size_threshold=0)


release = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
old = release < (2, 5)

ways = {
    **{f"opset {opset}": (lambda *to, opset=opset: script(*to, opset_version=opset)) for opset in OPSETS},
    "batch of 1": lambda *to: script(*to, batch=1),
    "batch of 3": lambda *to: script(*to, batch=3),
    "initializers as inputs": lambda *to: script(*to, keep_initializers_as_inputs=True),
    "constants not folded": lambda *to: script(*to, do_constant_folding=False),
    "training mode kept": lambda *to: script(*to, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False),
    "float16": half(onnx.TensorProto.FLOAT16),
    "bfloat16": half(onnx.TensorProto.BFLOAT16),
    "external data": external,
    "newer": newer,
    "newer, batch of 1": lambda *to: newer(*to, batch=1),
    "newer, batch of 3": lambda *to: newer(*to, batch=3),
    "newer, not optimised": lambda *to: newer(*to, optimize=False),
    "newer, batch of 3, not optimised": lambda *to: newer(*to, batch=3, optimize=False),
    "newer, external data": lambda *to: newer(*to, external_data=True),
    **{f"newer, opset {opset}": (lambda *to, opset=opset: newer(*to, opset_version=opset)) for opset in (18, 20, 21, 22, 23, 24)},
}


def logits_of(path, images):
    session = onnxruntime.InferenceSession(str(path))
    (first,) = [each for each in session.get_inputs()][:1]
    batch = first.shape[0] if isinstance(first.shape[0], int) else 1
    padded = np.concatenate([images, images])[:-(-EXAMPLES // batch) * batch]
    parts = [session.run(None, {first.name: padded[i:i + batch]})[0] for i in range(0, len(padded), batch)]
    return np.concatenate(parts)[:EXAMPLES]


def described(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:160] if lines else ''}"


for name in networks:
    for way, export in ways.items():
        net = made(name)
        shape = net.shape
        images = torch.rand((EXAMPLES, *shape), generator=torch.Generator().manual_seed(1))
        line = {"network": name, "way": way, "torch": torch.__version__.split("+")[0], "exporter": "newer" if way.startswith("newer") else "script"}
        path = out / f"torch-{name}-{way}.onnx".replace(" ", "_").replace(",", "")
        try:
            export(net, images, path)
            model = onnx.load(str(path), load_external_data=False)
            line["opset"] = next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
            line["functions"] = len(model.functions)
            logits = logits_of(path, images.numpy())
            pictures = images.numpy() if len(shape) == 3 else images.numpy().reshape(EXAMPLES, 1, 28, 28)
            np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)).astype("<f4").tofile(f"{path}.images")
            logits.astype("<f4").tofile(f"{path}.logits")
            line["file"] = str(path)
        except Exception as error:  # noqa: BLE001 - what a network's export throws is the result
            line["error"] = described(error)
        print(json.dumps(line), flush=True)
