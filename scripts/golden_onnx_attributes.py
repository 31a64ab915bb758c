"""Writes test/golden/onnx/attributes.json: small ONNX models, each with one operator whose attributes and inputs are
random, and the logits of ONNX's own reference implementation.

    python scripts/golden_onnx_attributes.py    # needs numpy and onnx

A reader must return these logits, or refuse the model. Models that the reference refuses are left out. Weights and images
come from `seeded`, which the tests compute too (test/support/numbers.ts).
"""

import base64
import json
import random
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from golden_numbers import seeded

EXAMPLES, CHANNELS, SIDE, CLASSES = 2, 2, 4, 3
IMAGES, CASES = 1000, 9
OPSETS = [7, 9, 10, 11, 12, 13, 15, 17, 18, 19, 21, 24]
OUT = Path(__file__).resolve().parent.parent / "test/golden/onnx/attributes.json"

images = ((seeded(IMAGES, EXAMPLES * CHANNELS * SIDE * SIDE) + 1) / 2).astype(np.float32)
images = images.reshape(EXAMPLES, CHANNELS, SIDE, SIDE)


class Odd(Exception):
    """A case that this opset does not have."""


class Case:
    """A model around one operator."""

    def __init__(self, op, opset, rng):
        self.op, self.opset, self.rng = op, opset, rng
        self.nodes, self.initializers, self.names = [], [], 0

    def name(self):
        self.names += 1
        return f"v{self.names}"

    def node(self, op, inputs, **attributes):
        out = self.name()
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(op, inputs, [out], name=f"n{len(self.nodes)}", **given))
        return out

    def constant(self, values, dtype=np.float32):
        name = self.name()
        self.initializers.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def whole(self, values):
        return self.constant(values, np.int64)

    def weights(self, *dims):
        count = int(np.prod(dims))
        return self.constant(np.round(seeded(len(self.initializers) + 1, count), 3).reshape(dims))


    def axes(self, until, axes):
        """Axes as an attribute up to an opset, and after it as an input."""
        if axes is None:
            return [], {}
        return ([], {"axes": axes}) if self.opset <= until else ([self.whole(axes)], {})

    def pick(self, *values):
        return self.rng.choice(values)

    def model(self, output):
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", CHANNELS, SIDE, SIDE])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", CLASSES])],
            self.initializers,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def run(self, output):
        return ReferenceEvaluator(self.model(output)).run(None, {"x": images})[0]

    def logits(self, value):
        """A vector for each image, and a linear layer."""
        shape = self.run(value).shape
        if len(shape) > 2:
            value = self.node("Flatten", [value], axis=1)
            shape = (shape[0], int(np.prod(shape[1:])))
        if len(shape) != 2:
            raise Odd
        return self.node("Gemm", [value, self.weights(shape[1], CLASSES)])


def window(c, kernel):
    """Random attributes that convolution and pooling share."""
    mode = c.pick(None, None, None, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    pads = c.pick(None, None, [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 1], [0, 0, 1, 1]) if mode in (None, "NOTSET") else None
    strides = c.pick(None, [1, 1], [2, 2], [1, 2])
    return {"kernel_shape": kernel, "auto_pad": mode, "pads": pads, "strides": strides}


def conv(c):
    group, side = c.pick(1, 1, 2), c.pick(1, 2, 3)
    kernel = c.pick([side, side], [side, side], [side, 1])
    shared = window(c, c.pick(None, kernel))
    weight = c.weights(4, CHANNELS // group, *kernel)
    inputs = ["x", weight] + ([c.weights(4)] if c.pick(True, False) else [])
    return c.node("Conv", inputs, **shared, group=c.pick(None, 1) if group == 1 else group,
                  dilations=c.pick(None, None, [1, 1], [2, 2]))


def conv_transpose(c):
    group, side = c.pick(1, 1, 2), c.pick(1, 2, 3)
    strides = c.pick(None, [1, 1], [2, 2], [1, 2])
    more = c.pick({}, {}, {"pads": [0, 0, 0, 0]}, {"pads": [1, 1, 0, 0]}, {"auto_pad": "VALID"},
                  {"output_padding": [0, 1]} if strides in ([2, 2], [1, 2]) else {})
    weight = c.weights(CHANNELS, 4 // group, side, c.pick(side, 2))
    inputs = ["x", weight] + ([c.weights(4)] if c.pick(True, False) else [])
    return c.node("ConvTranspose", inputs, **more, strides=strides, group=c.pick(None, 1) if group == 1 else group,
                  dilations=c.pick(None, None, [1, 1], [2, 1]))


def pool(op):
    def make(c):
        shared = window(c, c.pick([2, 2], [2, 2], [3, 3], [2, 1]))
        more = {}
        if c.opset >= 10:
            more["ceil_mode"] = c.pick(None, 0, 1)
        if op == "AveragePool":
            more["count_include_pad"] = c.pick(None, 0, 1)
        if op == "MaxPool" and c.opset >= 8:
            more["storage_order"] = c.pick(None, 0, 1)
        if c.opset >= (19 if op == "AveragePool" else 10):
            more["dilations"] = c.pick(None, [1, 1], [2, 2])
        # There the reference has other windows than the specification and onnxruntime.
        skips = shared["kernel_shape"][1] < (shared["strides"] or [1, 1])[1]
        if op == "MaxPool" and (shared["auto_pad"] == "SAME_LOWER" or skips):
            raise ValueError("not computed as specified")
        return c.node(op, ["x"], **shared, **more)

    return make


def prelu(c):
    slopes = c.weights(*c.pick([1], [1, 1, 1], [CHANNELS, 1, 1], [1, CHANNELS, 1, 1]))
    return c.node("PRelu", [c.node("Sub", ["x", c.constant([0.5])]), slopes])


def batch_normalization(c):
    # Of these opsets the reference trains where the specification does not: with one output it is a network in use.
    if 9 <= c.opset < 14:
        raise Odd
    if c.opset < 14:
        more = {"spatial": c.pick(None, 0, 1)} if c.opset < 9 else {}
    else:
        more = {"training_mode": c.pick(None, 0, 1)}
    inputs = [c.weights(CHANNELS), c.weights(CHANNELS), c.weights(CHANNELS), c.constant([0.2, 0.5])]
    return c.node("BatchNormalization", ["x", *inputs], epsilon=c.pick(None, 1e-3, 0.1), momentum=c.pick(None, 0.5), **more)


def layer_normalization(c):
    if c.opset < 17:
        raise Odd
    kind = c.pick("last", "last", "vector", "first")
    more = {"epsilon": c.pick(None, 1e-3, 0.1), "stash_type": c.pick(None, 1)}
    count = {"last": CHANNELS, "vector": CHANNELS * SIDE * SIDE, "first": SIDE}[kind]
    parameters = [c.weights(count)] + ([c.weights(count)] if c.pick(True, False) else [])
    if kind == "last":
        last = c.node("Transpose", ["x"], perm=[0, 2, 3, 1])
        done = c.node("LayerNormalization", [last, *parameters], axis=c.pick(None, -1, 3), **more)
        return c.node("Transpose", [done], perm=[0, 3, 1, 2])
    x = c.node("Flatten", ["x"], axis=1) if kind == "vector" else "x"
    return c.node("LayerNormalization", [x, *parameters], axis=c.pick(None, -1, 1) if kind == "vector" else None, **more)


def group_normalization(c):
    # The reference follows opset 21 in all of them: a number for each channel is one for each group of one channel.
    if c.opset < 21:
        raise Odd
    groups = c.pick(1, 2)
    return c.node("GroupNormalization", ["x", c.weights(CHANNELS), c.weights(CHANNELS)], num_groups=groups,
                  epsilon=c.pick(None, 1e-3, 0.1), stash_type=c.pick(None, 1))


def instance_normalization(c):
    epsilon = c.pick(None, 1e-3, 0.1)
    if c.pick(True, False):
        return c.node("InstanceNormalization", ["x", c.weights(CHANNELS), c.weights(CHANNELS)], epsilon=epsilon)
    groups = c.pick(1, 2)
    grouped = c.node("Reshape", ["x", c.whole([0, groups, -1])])
    done = c.node("InstanceNormalization", [grouped, c.weights(groups), c.weights(groups)], epsilon=epsilon)
    back = c.node("Reshape", [done, c.whole([0, CHANNELS, SIDE, SIDE])])
    if c.pick(True, False):
        return back
    return c.node("Add", [c.node("Mul", [back, c.weights(CHANNELS, 1, 1)]), c.weights(CHANNELS, 1, 1)])


def layer_norm_written_out(c):
    """A normalisation of each pixel, or of a vector, as exporters write it before opset 17."""
    vector = c.pick(True, False)
    x = c.node("Flatten", ["x"], axis=1) if vector else c.node("Transpose", ["x"], perm=[0, 2, 3, 1])
    count, axis = (CHANNELS * SIDE * SIDE, c.pick(1, -1)) if vector else (CHANNELS, c.pick(3, -1))

    def mean(value):
        inputs, more = c.axes(17, [axis])
        return c.node("ReduceMean", [value, *inputs], **more)

    centred = c.node("Sub", [x, mean(x)])
    squares = c.node("Mul", [centred, centred]) if c.pick(True, False) else c.node("Pow", [centred, c.constant(2.0)])
    sums = [mean(squares), c.constant(c.pick(1e-5, 0.1))]
    value = c.node("Div", [centred, c.node("Sqrt", [c.node("Add", sums if c.pick(True, False) else sums[::-1])])])
    if c.pick(True, False):
        value = c.node("Add", [c.node("Mul", [value, c.weights(count)]), c.weights(count)])
    return value if vector else c.node("Transpose", [value], perm=[0, 3, 1, 2])


def computed_shape(op, since=7):
    """A shape that exporters compute by an operator."""
    def make(c):
        if c.opset < since:
            raise Odd
        count = c.pick(CHANNELS * SIDE * SIDE, -1)
        if op == "Mod":
            side = c.node("Mod", [c.whole([count % 100]), c.whole([100])], fmod=c.pick(None, 1))
        elif op == "Ceil":
            side = c.node("Cast", [c.node("Ceil", [c.constant([count - 0.5])])], to=TensorProto.INT64)
        elif op == "CastLike":
            side = c.node("CastLike", [c.constant([float(count)]), c.whole([1])])
        else:
            same = c.node("Equal", [c.whole([count]), c.whole([c.pick(-1, 32)])])
            side = c.node("Where", [same, c.whole([count]), c.whole([-1])])
        return c.node("Reshape", ["x", c.node("Concat", [c.whole([c.pick(0, EXAMPLES)]), side], axis=0)])

    return make


def constants(op):
    """Arithmetic with a constant, which may itself be computed from constants."""
    def make(c):
        shape = c.pick([], [1], [CHANNELS, 1, 1], [1, CHANNELS, 1, 1], [1, 1, SIDE], [SIDE, SIDE], [1, 1, 1, 1, 1])
        value = c.constant(np.full(shape, 0.5) + np.round(seeded(5, max(1, int(np.prod(shape)))), 2).reshape(shape) / 4)
        if c.pick(True, False):
            value = c.node(op, [value, c.constant(0.5)])
        return c.node(op, c.pick(["x", value], [value, "x"], ["x", value], ["x", "x"]))

    return make


def scaled(c, factor):
    """The images times a constant: what a constant is can be seen."""
    return c.node("Mul", ["x", factor])


def cast(c):
    to = c.pick(TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
    if c.pick(True, False, False):
        return c.node("Cast", ["x"], to=c.pick(TensorProto.FLOAT, TensorProto.INT64))
    dims = c.pick([], [CHANNELS, 1, 1])
    value = c.constant(np.full(dims, c.pick(2.75, -1.75, 3)), c.pick(np.float32, np.float16, np.float64))
    return scaled(c, c.node("Cast", [c.node("Cast", [value], to=to)], to=TensorProto.FLOAT))


def concat(c):
    if c.pick(True, False, False):
        return c.node("Concat", ["x", c.node("Relu", ["x"])] + c.pick([], ["x"]), axis=c.pick(1, 1, -3, 2, -1))
    parts = [c.constant([[[1.5]]] if rank else [1.5]) for rank in [c.pick(0, 1)] * CHANNELS]
    joined = c.node("Concat", parts, axis=c.pick(0, -1))
    if c.pick(True, False):
        return scaled(c, joined)
    shape = c.node("Concat", [c.whole([c.pick(0, -1)]), c.whole([CHANNELS * SIDE * SIDE])], axis=c.pick(0, -1))
    return c.node("Reshape", ["x", shape])


def constant(c):
    tensor = numpy_helper.from_array(np.asarray(c.pick([[[0.5]], [[2.0]]], 0.25, [1.5]), np.float32))
    kinds = [{"value": tensor}]
    if c.opset >= 12:
        kinds += [{"value_float": 0.75}, {"value_floats": [0.75]}, {"value_int": 3}, {"value_ints": [3]}]
    kind = c.rng.choice(kinds)
    value = c.node("Constant", [], **kind)
    return scaled(c, c.node("Cast", [value], to=TensorProto.FLOAT) if "int" in str(list(kind)) else value)


def constant_of_shape(c):
    if c.opset < 9:
        raise Odd
    value = c.pick(None, helper.make_tensor("", TensorProto.FLOAT, [1], [1.25]))
    shape = c.whole(c.pick([CHANNELS, 1, 1], [1], [], [1, CHANNELS, 1, 1], [SIDE]))
    return c.node("Add", ["x", c.node("ConstantOfShape", [shape], value=value)])


def dropout(c):
    if c.opset < 12:
        return c.node("Dropout", ["x"], ratio=c.pick(None, 0.3))
    inputs = ["x"] + c.pick([], [c.constant(0.3)], [c.constant(0.3), c.constant(False, np.bool_)],
                            ["", c.constant(False, np.bool_)], [c.constant(0.5), c.constant(True, np.bool_)])
    return c.node("Dropout", inputs, seed=c.pick(None, 7))


def flatten(c):
    return c.node("Flatten", ["x"], axis=c.pick(None, 1, 0, 2, *([-1, -3, -2] if c.opset >= 11 else [])))


def gather(c):
    if c.pick(True, False):
        wide = c.node("Concat", ["x", c.node("Tanh", ["x"])], axis=1)
        index = c.pick([2, 0], [3, 1, 0, 2], [1], 0, [1, 1], *([[-1, 0]] if c.opset >= 11 else []))
        return c.node("Gather", [wide, c.whole(index)], axis=c.pick(1, 1, 1, -3, 2))
    values = c.pick([0.5, 1.5, 2.5], [[0.5, 1.5], [2.5, 3.5]])
    index = c.pick(1, [0], [1], *([-1] if c.opset >= 11 else []))
    return scaled(c, c.node("Gather", [c.constant(values), c.whole(index)], axis=c.pick(None, 0, 1, -1)))


def gemm(c):
    features = CHANNELS * SIDE * SIDE
    flat = c.node("Flatten", ["x"])
    transposed = c.pick(None, 0, 1)
    weight = c.weights(CLASSES, features) if transposed else c.weights(features, CLASSES)
    bias = c.pick([CLASSES], [1, CLASSES], [1], [], [EXAMPLES, CLASSES], [EXAMPLES, 1], None if c.opset >= 11 else [CLASSES])
    inputs = [flat, weight] + ([] if bias is None else [c.weights(*bias)])
    if c.pick(True, False, False, False):
        square = c.node("Gemm", [flat, c.weights(features, EXAMPLES)])
        return c.node("Gemm", [square, c.weights(EXAMPLES, CLASSES)], transA=1)
    return c.node("Gemm", inputs, transB=transposed, alpha=c.pick(None, 0.5), beta=c.pick(None, 2.0))


def mat_mul(c):
    flat = c.node("Flatten", ["x"])
    product = c.node("MatMul", [flat, c.weights(CHANNELS * SIDE * SIDE, CLASSES)])
    bias = c.pick([CLASSES], [1, CLASSES], [1], [], [EXAMPLES, CLASSES], None)
    return product if bias is None else c.node("Add", c.pick([product, c.weights(*bias)], [c.weights(*bias), product]))


def pad(c):
    pads = c.pick([0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 2, 2, 0, 0, 2, 2], [0, 0, 0, 0, 0, 0, 1, 1], [0, 1, 0, 0, 0, 0, 0, 0],
                  [0, 2, 0, 0, 0, 1, 0, 0])
    mode = c.pick(None, None, "constant", "reflect", "edge")
    fill = c.pick(None, 0.0, 0.5) if mode in (None, "constant") else None
    if c.opset < 11:
        padded = c.node("Pad", ["x"], pads=pads, mode=mode, value=fill)
    else:
        padded = c.node("Pad", ["x", c.whole(pads)] + ([] if fill is None else [c.constant(fill)]), mode=mode)
    channels = CHANNELS + pads[1] + pads[5]
    auto = c.pick(None, "SAME_UPPER", "SAME_LOWER")
    return c.node("Conv", [padded, c.weights(2, channels, 3, 3)], auto_pad=auto, strides=c.pick(None, [2, 2]))


def resize(c):
    if c.opset < 10:
        raise Odd
    mode, factors = c.pick("nearest", "linear"), c.pick([2.0, 2.0], [1.5, 0.5], [1.25, 3.0], [1.0, 1.0], [0.75, 2.0])
    if c.opset < 11:
        return c.node("Resize", ["x", c.constant([1.0, 1.0, *factors])], mode=mode)
    places = c.pick(None, "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
    more = {"mode": mode, "coordinate_transformation_mode": places,
            "nearest_mode": c.pick(None, "floor", "round_prefer_floor", "round_prefer_ceil", "ceil")}
    axes = c.pick(None, [2, 3], [3, 2]) if c.opset >= 18 else None
    lead = [] if axes else [1.0, 1.0]
    if axes == [3, 2]:
        factors = factors[::-1]
    sizes = c.whole([EXAMPLES, CHANNELS, 6, 3] if not axes else [6, 3])
    inputs = c.pick(["x", "", c.constant([*lead, *factors])], ["x", "", "", sizes])
    if c.opset < 13:
        inputs[1] = c.constant([])
        inputs[2] = inputs[2] or c.constant([])
    return c.node("Resize", inputs, axes=axes, **more)


def tile(c):
    return c.node("Tile", ["x", c.whole(c.pick([1, 2, 1, 1], [1, 3, 1, 1], [1, 1, 1, 1], [1, 1, 2, 1], [1, 2, 1, 2]))])


def reduced_sum(c):
    axes = c.pick([2, 3], [3, 2], None, [1], [1, 2, 3], *([[-1, -2], [-1]] if c.opset >= 11 else []))
    inputs, given = c.axes(12, axes)
    more = {"noop_with_empty_axes": c.pick(None, 0, 1)} if c.opset >= 13 else {}
    return c.node("ReduceSum", ["x", *inputs], **given, **more, keepdims=c.pick(None, 0, 1))


def reduced(c, op):
    axes = c.pick([2, 3], [3, 2], None, [1], [1, 2, 3], *([[-1, -2], [-1]] if c.opset >= 11 else []))
    inputs, given = c.axes(17, axes)
    more = {"noop_with_empty_axes": c.pick(None, 0, 1)} if c.opset >= 18 else {}
    return c.node(op, ["x", *inputs], **given, **more, keepdims=c.pick(None, 0, 1))


def reshape(c):
    features = CHANNELS * SIDE * SIDE
    shape = c.pick([0, -1], [-1, features], [EXAMPLES, features], [EXAMPLES, -1], [1, -1], [0, 0, -1], [-1, features // 2],
                   [0, 2, 4, 4], [4, -1])
    zero = c.pick(None, 0, 1) if c.opset >= 14 else None
    if c.pick(True, False, False):
        factor = c.constant([0.5, 1.5])
        return scaled(c, c.node("Reshape", [factor, c.whole(c.pick([CHANNELS, 1, 1], [1, -1, 1, 1], [0, 1, 1], [1, 2]))],
                                allowzero=zero))
    return c.node("Reshape", ["x", c.whole(shape)], allowzero=zero)


def shape(c):
    more = {"start": c.pick(None, 0, 1, -3), "end": c.pick(None, 1, 4, -1)} if c.opset >= 15 else {}
    known = c.pick("x", "x", c.constant(np.zeros([3, 1, 2])))
    first = c.node("Gather", [c.node("Shape", [known], **more), c.whole(c.pick(0, 1))])
    if known != "x" or c.pick(True, False):
        return scaled(c, c.node("Cast", [first], to=TensorProto.FLOAT))
    batch = c.node("Unsqueeze", [first], axes=[0]) if c.opset < 13 else c.node("Unsqueeze", [first, c.whole([0])])
    return c.node("Reshape", ["x", c.node("Concat", [batch, c.whole([-1])], axis=0)])


def sliced_images(c):
    wide = c.node("Concat", ["x", c.node("Tanh", ["x"])], axis=1)
    axes = c.pick([1], [1], [2, 3], [3, 2], [2], [1, 2, 3], *([[-3], [-1, -2]] if c.opset >= 11 else []))
    starts = [c.pick(0, 1, -2) if axis in (1, -3) else c.pick(0, 0, 0, 1) for axis in axes]
    ends = [c.pick(3, 2**63 - 1, -1) if axis in (1, -3) else c.pick(4, 2**63 - 1, 3) for axis in axes]
    if c.opset < 10:
        return c.node("Slice", [wide], starts=starts, ends=ends, axes=axes)
    step = c.pick(2, 2, 3, 1)
    steps = [c.pick(1, 2) if axis in (1, -3) else step for axis in axes]
    return c.node("Slice", [wide, c.whole(starts), c.whole(ends), c.whole(axes)] + c.pick([], [c.whole(steps)], [c.whole(steps)]))


def split(c):
    wide = c.node("Concat", ["x", c.node("Tanh", ["x"])], axis=1)
    sizes, axis = c.pick(None, [1, 3], [2, 2], [3, 1]), c.pick(1, 1, 1, None, 2, *([-3] if c.opset >= 11 else []))
    inputs, more = [wide], {} if axis is None else {"axis": axis}
    if sizes and c.opset < 13:
        more["split"] = sizes
    elif sizes:
        inputs.append(c.whole(sizes))
    elif c.opset >= 18:
        more["num_outputs"] = 2
    outputs = [c.name(), c.name()]
    c.nodes.append(helper.make_node("Split", inputs, outputs, name=f"n{len(c.nodes)}", **more))
    return c.node("Concat", [outputs[1], c.node("Relu", [outputs[0]])], axis=1)


def multiply(c):
    kind = c.pick("constant", "constant", "image", "channels", "vector", "pixels")
    if kind == "constant":
        return constants("Mul")(c)
    if kind == "image":
        return c.node("Mul", c.pick(["x", c.node("Tanh", ["x"])], [c.node("MaxPool", ["x"], kernel_shape=[1, 1]), "x"]))
    if kind == "pixels":
        return c.node("Mul", ["x", c.node("Conv", ["x", c.weights(1, CHANNELS, 1, 1)])])
    gate = c.node("GlobalAveragePool", ["x"])
    if kind == "vector":
        vector = c.node("Gemm", [c.node("Flatten", [gate]), c.weights(CHANNELS, CHANNELS)])
        axes, given = c.axes(12, c.pick([2, 3], [2, 3], [1, 2]))
        gate = c.node("Unsqueeze", [vector, *axes], **given)
    return c.node("Mul", c.pick(["x", gate], [c.node("Sigmoid", [gate]), "x"]))


def slices(c):
    if c.pick(True, False):
        return sliced_images(c)
    values = c.constant(c.pick([0.5, 1.5, 2.5, 3.5], [[0.5], [1.5], [2.5], [3.5]]))
    start, end = c.pick(0, 1, -3, -1), c.pick(2, 3, 4, 100, -1)
    axis = c.pick(None, 0, 0, -1, 1)
    if c.opset < 10:
        part = c.node("Slice", [values], starts=[start], ends=[end], axes=None if axis is None else [axis])
    else:
        inputs = [values, c.whole([start]), c.whole([end])]
        inputs += [] if axis is None else [c.whole([axis])] + c.pick([], [c.whole([2])], [c.whole([-1])])
        part = c.node("Slice", inputs)
    one = c.node("Gather", [part, c.whole([0])])
    return scaled(c, one)


def squeeze(c):
    if c.pick(True, False):
        axes = c.pick([2, 3], [3, 2], None, [2], *([[-1, -2]] if c.opset >= 11 else []))
        inputs, given = c.axes(12, axes)
        return c.node("Squeeze", [c.node("GlobalAveragePool", ["x"]), *inputs], **given)
    inputs, given = c.axes(12, c.pick([0], [0, 4], None))
    return scaled(c, c.node("Squeeze", [c.constant(np.array([0.5, 1.5]).reshape(1, CHANNELS, 1, 1, 1)), *inputs], **given))


def sums(c):
    return c.node("Sum", ["x", c.node("Relu", ["x"]), "x"][: c.pick(1, 2, 3)])


def transpose(c):
    features = CHANNELS * SIDE * SIDE
    kind = c.pick("square", "square", "wide", "factor", "images")
    if kind == "images":
        return c.node("Transpose", ["x"], perm=c.pick([0, 1, 2, 3], [0, 2, 3, 1], None))
    if kind == "factor":
        perm = c.pick(None, [0, 1, 2], [1, 0, 2], [2, 0, 1])
        return scaled(c, c.node("Transpose", [c.constant(np.array([0.5, 1.5]).reshape(c.pick((2, 1, 1), (1, 1, 2))))], perm=perm))
    flat = c.node("Flatten", ["x"])
    hidden = c.node("Gemm", [flat, c.weights(features, CLASSES)])
    perm = c.pick(None, [0, 1], [1, 0])
    wide = [CLASSES, 4] if perm == [0, 1] else [4, CLASSES]
    weight = c.node("Transpose", [c.weights(CLASSES, CLASSES) if kind == "square" else c.weights(*wide)], perm=perm)
    return c.node(c.pick("MatMul", "Gemm"), [hidden, weight]) if kind == "square" else c.node("MatMul", [hidden, weight])


def unsqueeze(c):
    axes = c.pick([1, 2], [0, 2, 3], [0], *([[-1, -2]] if c.opset >= 11 else []))
    inputs, given = c.axes(12, axes)
    return c.node(c.pick("Mul", "Add"), ["x", c.node("Unsqueeze", [c.constant([0.5, 1.5]), *inputs], **given)])


def function(op, since=7, **attributes):
    """An element-wise operator, after a normalisation that gives it numbers on both sides of 0."""
    def make(c):
        if c.opset < since:
            raise Odd
        given = {key: c.pick(None, *values) for key, values in attributes.items()}
        return c.node(op, [spread(c)], **given)

    return make


def spread(c, width=6.0):
    """The images, from -3 to 3 or in a wider range."""
    return c.node("Mul", [c.node("Sub", ["x", c.constant(0.5)]), c.constant(width)])


def clip(c):
    x = spread(c, c.pick(6.0, 240.0))
    least, most = c.pick((0.0, 6.0), (0.0, None), (None, 6.0), (-1.0, 1.0), (0.0, 50.0), (-3.4028234663852886e38, None))
    if c.opset < 11:
        return c.node("Clip", [x], min=least, max=most)
    bounds = ["" if bound is None else c.constant(bound) for bound in (least, most)]
    return c.node("Clip", [x, *bounds])


def bound(op):
    def make(c):
        x = spread(c, 18.0)
        if op == "Min" and c.pick(True, False):
            return c.node("Min", [c.node("Max", [x, c.constant(0.0)]), c.constant(c.pick(6.0, 6.0, 5.0))])
        return c.node(op, c.pick([x, c.constant(0.0)], [c.constant(6.0), x], [x, "x"]))

    return make


def expand(c):
    gate = c.node("GlobalAveragePool", ["x"])
    if c.pick(True, False, False):
        return c.node("Expand", [c.pick("x", gate), c.whole(c.pick([1, 1, 1, 1], [1, CHANNELS, SIDE, SIDE]))])
    if c.pick(True, False):
        gate = c.node("Unsqueeze", [c.node("Flatten", [gate]), c.whole([2, 3])]) if c.opset >= 13 else gate
    shape = c.pick(c.node("Shape", ["x"]), c.whole([EXAMPLES, CHANNELS, SIDE, SIDE]), c.whole([1, 1, SIDE, SIDE]))
    return c.node("Mul", ["x", c.node("Expand", [gate, shape])])


def written_out(op):
    """Functions as exporters write them by several operators, or one of these alone."""
    def make(c):
        x = spread(c)
        if c.pick(True, False, False):
            power = [c.constant(c.pick(1.0, 2.0))] if op == "Pow" else []
            return c.node(op, [c.node("Add", [x, c.constant(7.0)]), *power])
        if op == "Erf":
            inner = c.node("Erf", [c.node("Div", [x, c.constant(2**0.5)])])
        elif op == "Pow":
            cube = c.node("Mul", [c.node("Pow", [x, c.constant(3.0)]), c.constant(0.044715)])
            inner = c.node("Tanh", [c.node("Mul", [c.node("Add", [x, cube]), c.constant((2 / np.pi) ** 0.5)])])
        else:
            below = c.node("Add", [c.node("Exp", [c.node("Neg", [x])]), c.constant(1.0)])
            gate = c.node("Reciprocal", [below]) if c.pick(True, op != "Reciprocal") else c.node("Div", [c.constant(1.0), below])
            return gate if c.pick(True, False) else c.node("Mul", [x, gate])
        return c.node("Mul", [c.node("Mul", [x, c.node("Add", [inner, c.constant(1.0)])]), c.constant(0.5)])

    return make


MAKERS = {
    "Add": constants("Add"), "AveragePool": pool("AveragePool"), "BatchNormalization": batch_normalization, "Cast": cast,
    "Concat": concat, "Constant": constant, "ConstantOfShape": constant_of_shape, "Conv": conv, "ConvTranspose": conv_transpose, "Div": constants("Div"),
    "Dropout": dropout, "Expand": expand, "Flatten": flatten, "Gather": gather, "Gemm": gemm,
    "GlobalAveragePool": lambda c: c.node("GlobalAveragePool", ["x"]),
    "GlobalMaxPool": lambda c: c.node("GlobalMaxPool", ["x"]), "Identity": lambda c: c.node("Identity", ["x"]),
    "MatMul": mat_mul, "MaxPool": pool("MaxPool"), "Mul": multiply, "Pad": pad, "ReduceMax": lambda c: reduced(c, "ReduceMax"),
    "ReduceMean": lambda c: reduced(c, "ReduceMean"), "ReduceSum": reduced_sum, "Resize": resize, "Tile": tile,
    "Relu": lambda c: c.node("Relu", ["x"]), "Reshape": reshape, "Shape": shape, "Slice": slices, "Split": split, "Squeeze": squeeze,
    "Sub": constants("Sub"), "Sum": sums, "Transpose": transpose, "Unsqueeze": unsqueeze,
    "Clip": clip, "Elu": function("Elu", alpha=(0.5, 1.0)), "Erf": written_out("Erf"), "Exp": written_out("Exp"),
    "Gelu": function("Gelu", 20, approximate=("none", "tanh")),
    "HardSigmoid": function("HardSigmoid", alpha=(1 / 6, 0.3), beta=(0.5, 0.4)), "HardSwish": function("HardSwish", 14),
    "LeakyRelu": function("LeakyRelu", alpha=(0.1, 0.0, 2.0)), "Max": bound("Max"), "Min": bound("Min"),
    "Mish": function("Mish", 18), "Neg": written_out("Neg"), "PRelu": prelu, "Pow": written_out("Pow"),
    "Reciprocal": written_out("Reciprocal"), "Sigmoid": function("Sigmoid"), "Softplus": function("Softplus"),
    "CastLike": computed_shape("CastLike", 15), "Ceil": computed_shape("Ceil"), "Equal": computed_shape("Equal", 11),
    "Mod": computed_shape("Mod", 10), "Where": computed_shape("Where", 11),
    "GroupNormalization": group_normalization, "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization, "Sqrt": layer_norm_written_out,
    "Swish": function("Swish", 24, alpha=(1.0, 1.702)), "Tanh": function("Tanh"),
}


def made(op, rng):
    """A random model that the reference computes, and its logits; None for one that it refuses."""
    case = Case(op, rng.choice(OPSETS), rng)
    try:
        output = MAKERS[op](case)
        if case.run(output).shape != (EXAMPLES, CLASSES):
            output = case.logits(output)
        logits = case.run(output)
        model = case.model(output)
        onnx.checker.check_model(model)
    except Exception:
        return None
    if logits.shape != (EXAMPLES, CLASSES) or not np.isfinite(logits).all():
        return None
    text = base64.b64encode(model.SerializeToString()).decode()
    return {"operator": op, "model": text, "logits": [float(f"{value:.7g}") for value in logits.ravel()]}


if __name__ == "__main__":
    cases = []
    for op in MAKERS:
        # Of its own, so that another operator changes no cases but its own.
        rng = random.Random(f"{op} 24")
        few = op in ("GlobalAveragePool", "GlobalMaxPool", "Identity", "Relu", "HardSwish", "Mish", "Sigmoid", "Softplus", "Tanh")
        found = {}
        for _ in range(400):
            case = made(op, rng)
            if case and case["model"] not in found:
                found[case["model"]] = case
            if len(found) == (2 if few else CASES):
                break
        cases += found.values()
    golden = {"made": {"onnx": onnx.__version__}, "images": IMAGES, "examples": EXAMPLES, "cases": cases}
    OUT.write_text(json.dumps(golden, indent=0) + "\n")
    print(len(cases), OUT.stat().st_size)
