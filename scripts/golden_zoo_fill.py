"""Random numbers for a network, which follow from the names of its tensors. Needs torch and numpy."""

import math

import numpy as np
import torch

from golden_numbers import seeded


def hashed(name):
    value = 7
    for character in name:
        value = (31 * value + ord(character)) % 1000003
    return value


def tensors_of(net):
    return [(name, tensor) for name, tensor in net.state_dict().items() if not name.endswith("num_batches_tracked")]


def put(name, tensor, seed, is_weight):
    """Seeded numbers for a tensor: a weight's are scaled by its inputs, a factor's are around 1."""
    numbers = seeded(seed, tensor.numel()).astype(np.float64).reshape(tensor.shape)
    if is_weight:
        numbers *= math.sqrt(3 / (tensor.numel() // tensor.shape[0]))
    elif name.endswith("running_var") or name.endswith("weight"):
        numbers = 1 + numbers / 2
    else:
        numbers *= 0.125
    tensor.data.copy_(torch.from_numpy(numbers.astype(np.float32)))


def fill(net):
    for name, tensor in tensors_of(net):
        put(name, tensor, hashed(name), tensor.dim() > 1)
    return net
