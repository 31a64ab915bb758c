"""Exports small networks to ONNX by Keras and by tf2onnx: python onnx_keras.py OUT. Needs tensorflow-cpu (with Keras 3),
tf2onnx, onnx and onnxruntime.

One JSON object a line, as onnx_torch.py prints them.
"""

import argparse
import json
import logging
import os
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx
from keras import layers

EXAMPLES, CLASSES = 4, 5

parser = argparse.ArgumentParser()
parser.add_argument("out")
given = parser.parse_args()
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
onnxruntime.set_default_logger_severity(4)
out = Path(given.out)


def smooth(x):
    """GELU by tanh: tf2onnx does not write the error function's complement."""
    return keras.activations.gelu(x, approximate=True)


def plain(x):
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(layers.MaxPooling2D(2)(x))
    return layers.Dense(CLASSES)(layers.Dense(7, activation="relu")(layers.Flatten()(x)))


def residual(x):
    y = x = layers.Conv2D(4, 3, padding="same")(x)
    y = layers.SeparableConv2D(4, 3, padding="same")(layers.Activation("swish")(layers.BatchNormalization()(y)))
    x = layers.Add()([x, y])
    gate = layers.Dense(4, activation="sigmoid")(layers.Dense(2, activation="relu")(layers.GlobalAveragePooling2D()(x)))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(gate)])
    return layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(layers.Dropout(0.1)(layers.LeakyReLU()(x))))


def mobile(x):
    x = layers.ReLU(6.0)(layers.Conv2D(4, 3, strides=2, padding="valid")(layers.ZeroPadding2D(((0, 1), (0, 1)))(x)))
    x = layers.ReLU(6.0)(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.Concatenate()([x, layers.AveragePooling2D(3, 1, padding="same")(x)])
    return layers.Dense(CLASSES)(layers.GlobalMaxPooling2D()(layers.Conv2D(6, 1, activation=smooth)(x)))


def normed(x):
    y = layers.LayerNormalization()(layers.Conv2D(4, 2, strides=2)(x))
    y = layers.Dense(4)(layers.Dense(8, activation=smooth)(y))
    y = layers.GroupNormalization(2)(y)
    return layers.Dense(CLASSES)(layers.Flatten()(layers.PReLU(shared_axes=[1, 2])(layers.UpSampling2D(1)(y))))


def flat(x):
    return layers.Dense(CLASSES)(layers.Dense(8, activation="tanh")(layers.Dense(8, activation="relu")(x)))


def ending(x):
    x = layers.Rescaling(2.0, offset=-1.0)(x)
    x = layers.Conv2D(4, 3, activation="elu")(x)
    return layers.Dense(CLASSES, activation="softmax")(layers.Flatten()(x))


networks = {"plain": (plain, (8, 8, 3)), "residual": (residual, (8, 8, 3)), "mobile": (mobile, (9, 9, 3)),
            "normalisations": (normed, (8, 8, 3)), "flat": (flat, (784,)), "softmax": (ending, (6, 6, 3))}


def made(name):
    make, shape = networks[name]
    keras.backend.clear_session()
    images = keras.Input(shape, name="input")
    model = keras.Model(images, make(images))
    generator = np.random.default_rng(0)
    for weight in model.weights:
        if "float" not in str(weight.dtype):
            continue
        noise = generator.random(weight.shape) - 0.5
        weight.assign(1 + noise / 2 if any(part in weight.path for part in ("gamma", "variance")) else noise)
    return model


def converted(model, path, opset, batch=None, **options):
    """tf2onnx, of the model as a function."""
    shape = (batch, *model.input_shape[1:])
    function = tf.function(lambda images: model(images, training=False), input_signature=[tf.TensorSpec(shape, tf.float32, "input")])
    tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=opset, output_path=str(path), **options)


def keras_export(model, path, **options):
    # Keras exports what was called.
    model(np.zeros((1, *model.input_shape[1:]), np.float32))
    model.export(str(path), format="onnx", verbose=False, **options)


ways = {
    **{f"tf2onnx, opset {opset}": (lambda model, path, opset=opset: converted(model, path, opset)) for opset in (9, 11, 13, 15, 18)},
    "tf2onnx, batch of 1": lambda model, path: converted(model, path, 15, 1),
    "tf2onnx, batch of 3": lambda model, path: converted(model, path, 15, 3),
    "tf2onnx, channels first": lambda model, path: converted(model, path, 15, inputs_as_nchw=["input"]),
    "Keras": keras_export,
    "Keras, opset 18": lambda model, path: keras_export(model, path, opset_version=18),
}

for name in networks:
    for way, export in ways.items():
        model = made(name)
        shape = model.input_shape[1:]
        if len(shape) == 1 and "channels first" in way:
            continue
        images = np.random.default_rng(1).random((EXAMPLES, *shape)).astype(np.float32)
        line = {"network": f"Keras: {name}", "way": way, "tensorflow": tf.__version__, "keras": keras.__version__, "tf2onnx": tf2onnx.__version__}
        path = out / f"keras-{name}-{way}.onnx".replace(" ", "_").replace(",", "")
        try:
            export(model, path)
            file = onnx.load(str(path))
            line["opset"] = next(each.version for each in file.opset_import if each.domain in ("", "ai.onnx"))
            line["functions"] = len(file.functions)
            session = onnxruntime.InferenceSession(str(path))
            first = session.get_inputs()[0]
            seen = images.transpose(0, 3, 1, 2) if "channels first" in way else images
            batch = first.shape[0] if isinstance(first.shape[0], int) else 1
            padded = np.concatenate([seen, seen])[:-(-EXAMPLES // batch) * batch]
            logits = np.concatenate([session.run(None, {first.name: padded[i:i + batch]})[0] for i in range(0, len(padded), batch)])
            logits = logits[:EXAMPLES]
            pictures = images if len(shape) == 3 else images.reshape(EXAMPLES, 28, 28, 1)
            pictures.astype("<f4").tofile(f"{path}.images")
            logits.astype("<f4").tofile(f"{path}.logits")
            line["file"] = str(path)
        except Exception as error:  # noqa: BLE001 - what a network's export throws is the result
            lines = [each for each in str(error).splitlines() if each.strip()]
            line["error"] = f"{type(error).__name__}: {lines[0][:160] if lines else ''}"
        print(json.dumps(line), flush=True)
