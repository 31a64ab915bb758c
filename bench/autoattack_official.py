"""The official AutoAttack on a public MNIST network, stage by stage, to stand beside ours.

    python3 autoattack_official.py --autoattack DIR --data-dir DIR --checkpoint mnist_fastat_pgd.pth \
        [--examples 1000] [--seed 0] [--stages apgd-ce,apgd-t,fab-t,square] [--starts FILE]

DIR is a checkout of the official code. Each stage of version `standard` gets what the earlier ones left. Prints one
JSON line a stage: {"checkpoint", "seed", "stage", "examples", "robust", "surviving"}. With --starts, a file that
`apgdStarts.mjs` wrote, APGD-CE begins at our starting points instead of its own. Needs torch (CPU) and numpy.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from attacks_torchattacks import idx, mnist_net


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--autoattack", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--epsilon", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", default="apgd-ce,apgd-t,fab-t,square")
    parser.add_argument("--starts")
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    sys.path.insert(0, a.autoattack)
    from autoattack import AutoAttack

    net = mnist_net()
    net.load_state_dict(torch.load(a.checkpoint, map_location="cpu", weights_only=True))
    net.eval()
    images = idx(a.data_dir, "t10k-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[: a.examples]
    x = torch.tensor(images.astype("float32") / 255)
    y = torch.tensor(idx(a.data_dir, "t10k-labels-idx1-ubyte", 8)[: a.examples].astype("int64"))
    whole = AutoAttack(net, norm="Linf", eps=a.epsilon, version="standard", device="cpu", verbose=False, seed=a.seed)

    def right(points, rows):
        with torch.no_grad():
            return net(points).argmax(1) == y[rows]

    def attacked(stage, rows):
        if a.starts and stage == "apgd-ce":
            delta = torch.tensor(np.fromfile(a.starts, dtype=np.float32)[: x.numel()].reshape(x.shape))
            whole.apgd.init_hyperparam(x)
            return whole.apgd.attack_single_run(x[rows], y[rows], x_init=(x + delta)[rows])[-1]
        whole.attacks_to_run = [stage]
        return whole.run_standard_evaluation(x[rows], y[rows], bs=250)

    standing = right(x, torch.arange(len(x))).nonzero().squeeze(1)
    for stage in a.stages.split(","):
        standing = standing[right(attacked(stage, standing), standing)]
        print(json.dumps({
            "checkpoint": Path(a.checkpoint).name, "seed": a.seed, "stage": stage,
            "examples": len(x), "robust": len(standing) / len(x), "surviving": standing.tolist()}), flush=True)


if __name__ == "__main__":
    main()
