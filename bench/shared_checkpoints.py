"""Logits of public networks by their own frameworks, for `bench/sharedCheckpoints.mjs`: python shared_checkpoints.py FOLDER

FOLDER/networks.json lists the networks: path, the class below (`network`; null for ONNX), normalisation, images. FOLDER/DATA.bin
holds images as bytes, N × height × width × channels. Each result is FOLDER/INDEX.bin, logits as float32. The last line printed
says the versions. PyTorch's files are read by PyTorch, with definitions written anew after the releases; ONNX files by
onnxruntime. Needs torch, numpy and onnxruntime.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F


def polytopes(channels, first, second, features):
    return nn.Sequential(
        nn.Conv2d(channels, first, 4, 2, 1), nn.ReLU(), nn.Conv2d(first, second, 4, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(features, 100), nn.ReLU(), nn.Linear(100, 10))


def oval_deep():
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(8, 8, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 100), nn.ReLU(), nn.Linear(100, 10))


class LeNet5(nn.Module):
    """BorealisAI/advertorch."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1, 1), nn.Conv2d(32, 64, 3, 1, 1)
        self.linear1, self.linear2 = nn.Linear(3136, 200), nn.Linear(200, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.linear2(F.relu(self.linear1(x.flatten(1))))


class SmallCnn(nn.Module):
    """TRADES, MNIST."""

    def __init__(self):
        super().__init__()
        sizes = {"conv1": (1, 32), "conv2": (32, 32), "conv3": (32, 64), "conv4": (64, 64)}
        self.feature_extractor = nn.ModuleDict({name: nn.Conv2d(*size, 3) for name, size in sizes.items()})
        self.classifier = nn.ModuleDict(
            {"fc1": nn.Linear(1024, 200), "fc2": nn.Linear(200, 200), "fc3": nn.Linear(200, 10)})

    def forward(self, x):
        conv, fc = self.feature_extractor, self.classifier
        for first, second in (("conv1", "conv2"), ("conv3", "conv4")):
            x = F.max_pool2d(F.relu(conv[second](F.relu(conv[first](x)))), 2)
        return fc["fc3"](F.relu(fc["fc2"](F.relu(fc["fc1"](x.flatten(1))))))


class Block(nn.Module):
    """Of VNN-COMP 2021's resnet2b: no batch normalisation, biases everywhere."""

    def __init__(self, channels, stride):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, 16, 3, stride, 1), nn.Conv2d(16, 16, 3, 1, 1)
        self.shortcut = nn.Sequential(*([nn.Conv2d(channels, 16, 1, stride)] if stride == 2 else []))

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class Resnet2b(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1)
        self.layer1 = nn.Sequential(Block(8, 2), Block(16, 1))
        self.linear1, self.linear2 = nn.Linear(1024, 100), nn.Linear(100, 10)

    def forward(self, x):
        x = self.layer1(F.relu(self.conv1(x)))
        return self.linear2(F.relu(self.linear1(x.flatten(1))))


# MN-BaB's names of the layers of resnet2b.
MNBAB = {
    "0": "conv1", "2.0.path_b.0": "layer1.0.conv1", "2.0.path_b.2": "layer1.0.conv2", "2.0.path_a.1": "layer1.0.shortcut.0",
    "2.2.path_b.0": "layer1.1.conv1", "2.2.path_b.2": "layer1.1.conv2", "4": "linear1", "6": "linear2",
}


class ColtMnist(nn.Module):
    """eth-sri/colt. Its layer 0 normalises the images; `deepz_lambda` belongs to the certificates."""

    def __init__(self):
        super().__init__()
        layer = lambda name, made: nn.ModuleDict({name: made})
        self.layers = nn.ModuleDict({
            "1": layer("conv", nn.Conv2d(1, 32, 5, 2, 2)), "3": layer("conv", nn.Conv2d(32, 64, 4, 2, 1)),
            "6": layer("linear", nn.Linear(3136, 100)), "8": layer("linear", nn.Linear(100, 10))})

    def forward(self, x):
        x = F.relu(self.layers["3"]["conv"](F.relu(self.layers["1"]["conv"](x)))).flatten(1)
        return self.layers["8"]["linear"](F.relu(self.layers["6"]["linear"](x)))


NETWORKS = {
    "mnistNet": lambda: polytopes(1, 16, 32, 1568), "cifarNet": lambda: polytopes(3, 16, 32, 2048),
    "ovalBase": lambda: polytopes(3, 8, 16, 1024), "ovalDeep": oval_deep, "lenet5": LeNet5, "smallCnn": SmallCnn,
    "resnet2b": Resnet2b, "resnet2bMnbab": Resnet2b, "coltMnist": ColtMnist,
}


def state_of(path, network):
    saved = torch.load(path, map_location="cpu", weights_only=False)
    state = saved.get("state_dict", saved)
    # Of a cascade, the first network.
    state = state[0] if isinstance(state, list) else state
    if network == "coltMnist":
        return {k.removeprefix("blocks."): v for k, v in state.items() if "deepz_lambda" not in k}
    if network == "resnet2bMnbab":
        return {f"{MNBAB[k.rpartition('.')[0]]}.{k.rpartition('.')[2]}": v for k, v in state.items()}
    return state


def by_torch(path, network, images):
    net = NETWORKS[network]().eval()
    net.load_state_dict(state_of(path, network))
    with torch.no_grad():
        return net(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def by_onnxruntime(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    _, *extents = given.shape
    if extents[0] == images.shape[3]:
        images = images.transpose(0, 3, 1, 2)
    # Most files take one image at a time.
    run = lambda image: session.run(None, {given.name: np.ascontiguousarray(image).reshape(1, *extents)})[0]
    return np.concatenate([run(image) for image in images])


folder = Path(sys.argv[1])
data = {}
for index, one in enumerate(json.loads((folder / "networks.json").read_text())):
    if one["data"] not in data:
        side, channels = (32, 3) if one["data"] == "cifar10" else (28, 1)
        pixels = np.fromfile(folder / f"{one['data']}.bin", np.uint8).reshape(-1, side, side, channels)
        data[one["data"]] = pixels.astype(np.float32) / np.float32(255)
    images = data[one["data"]]
    if one["normalisation"]:
        mean, std = (np.array(one["normalisation"][name], np.float32) for name in ("mean", "std"))
        images = (images - mean) / std
    path, network = one["path"], one["network"]
    logits = by_onnxruntime(path, images) if network is None else by_torch(path, network, images)
    logits.astype(np.float32).tofile(folder / f"{index}.bin")
print(f"torch {torch.__version__.split('+')[0]}, onnxruntime {onnxruntime.__version__}")
