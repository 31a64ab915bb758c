"""A network's forward and backward passes in float64, in use and in training. Needs torch and numpy."""

import numpy as np
import torch

from golden_numbers import seeded

PROBES = 2000


def summary(tensors):
    """Tensors one after the other as [norm, <t, r0>, <t, r1>] with r_j = seeded(PROBES + j, size)."""
    values = np.concatenate([tensor.detach().numpy().ravel() for tensor in tensors])
    return [float(np.linalg.norm(values))] + [float(values @ seeded(PROBES + j, values.size)) for j in range(2)]


def passes(net, images):
    """Logits in use and in training, and the gradients of Σ logits · seeded(3) in training."""
    images = images.double().requires_grad_()
    net = net.double()
    use = net.eval()(images).tolist()
    net.train()
    logits = net(images)
    (logits * torch.from_numpy(seeded(3, logits.numel()).astype(np.float64).reshape(logits.shape))).sum().backward()
    return {
        "use": use,
        "training": logits.tolist(),
        "weight_gradient": summary([parameter.grad for _, parameter in net.named_parameters()]),
        "image_gradient": summary([images.grad]),
    }
