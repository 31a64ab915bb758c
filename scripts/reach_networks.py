"""Writes narrow networks of the entries of RobustBench's L-infinity lists, as their releases save them: for bench/reach.mjs.

    python scripts/reach_networks.py FOLDER    # needs torch and numpy; seconds

`published_networks.py` has the definitions. Weights are random; the depths are those of the release, the widths small.
FOLDER gets a checkpoint for each architecture and `list.json`: entries, and the logits of PyTorch in float64.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

import published_networks as nets
from golden_numbers import seeded
from golden_zoo_fill import fill

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
EXAMPLES = 2


def wide(depth, factor, **more):
    return nets.Wide(depth, factor, 1, **more)


def kind(title, call, net=None, options=None, behind=None, kept=None, size=32, prefix="module.", why=None):
    """`call` is the name here; `behind` the normalisation that its code has, `kept` its names in the file."""
    return {"title": title, "call": call, "net": net, "options": options or {}, "behind": behind, "kept": kept, "size": size,
            "prefix": prefix, "why": why}


def no(title, why):
    return kind(title, None, why=why)


CIFAR = {
    "wrn28x10": kind("WideResNet-28-10", "wideResnet", lambda: wide(28, 10, unused=True)),
    "wrn28x10half": kind("WideResNet-28-10, 2x - 1", "wideResnet", lambda: wide(28, 10), behind=((0.5,) * 3, (0.5,) * 3)),
    "wrn34x10": kind("WideResNet-34-10", "wideResnet", lambda: wide(34, 10, unused=True)),
    "wrn34x10c": kind("WideResNet-34-10, CIFAR's normalisation", "wideResnet", lambda: wide(34, 10), behind=nets.CIFAR10),
    "wrn34x15": kind("WideResNet-34-15", "wideResnet", lambda: wide(34, 15, unused=True)),
    "wrn34x20": kind("WideResNet-34-20", "wideResnet", lambda: wide(34, 20)),
    "wrn34x20c": kind("WideResNet-34-20, CIFAR's normalisation", "wideResnet", lambda: wide(34, 20), behind=nets.CIFAR10),
    "wrn70x16": kind("WideResNet-70-16", "wideResnet", lambda: wide(70, 16)),
    "resnet18": kind("ResNet-18", "resnet18", lambda: nets.ResNet(width=4)),
    "resnet50e": kind("ResNet-50, its own normalisation", "resnet50", lambda: nets.ResNet((3, 4, 6, 3), 4, deep=True),
                      behind=((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))),
    "preact18": kind("PreActResNet-18", "preactResnet18", lambda: nets.PreAct(4), {"shortcut": "input", "last": "none", "width": 4}),
    "preact18c": kind("PreActResNet-18, CIFAR's normalisation", "preactResnet18", lambda: nets.PreAct(4),
                      {"shortcut": "input", "last": "none", "width": 4}, behind=nets.CIFAR10),
    "dmpreact18": kind("DMPreActResNet-18, Swish", "dmPreactResnet18", lambda: nets.DmPreAct(width=4), behind=nets.CIFAR10),
    "robustwrn": kind("RobustWideResNet (WRN-34-R)", "robustWideResnet", lambda: nets.RobustWide((5, 5, 5), (1, 20, 40, 32))),
    "wrna4": kind("WRN-A4", "robustWideResnet", lambda: nets.RobustWide((27, 28, 13), (1, 10, 28, 24), act=F.silu, later=True),
                  behind=nets.CIFAR10, kept=("mu", "sigma")),
    "rawrn": kind("RaWRN-70-16", "raWideResnet", lambda: nets.DmWide((30, 31, 10), (4, 8, 16, 32), squeeze=0.25),
                  behind=nets.CIFAR10),
    "pssilu": no("WideResNet-28-10, PSSiLU", "an activation with learned numbers"),
    "boosting": kind("WideResNet-34-20, cosines of features and weights", "wideResnet", lambda: nets.Boosted(34, 20, 1),
                     behind=nets.CIFAR10),
    "mma": kind("WideResNet-28-4, images standardised", "wideResnet", lambda: nets.Standardized(wide(28, 4)),
                {"depth": 28, "factor": 4, "images": "standardized", "width": 1}),
    "ensemble": kind("three pre-activation ResNet-50, in one file", "preactEnsemble",
                     lambda: nets.Ensemble(*(nets.PreActResNet50(2) for _ in range(3))), behind=IMAGENET, kept=("mu", "sigma")),
    "resnest": kind("ResNeSt-152", "resnest152", lambda: nets.ResNest(width=4, stem=2)),
    "sodef": no("WideResNet-70-16, SODEF", "a differential equation"),
    "composite": no("an ensemble with a mixing network", "several networks, mixed for each image"),
    "sparse": no("with MeanSparse", "activations near their mean become the mean"),
}
for name, width, heads in (("S", 16, 8), ("M", 24, 8), ("L", 32, 16)):
    CIFAR[f"xcit{name}"] = kind(f"XCiT-{name}12/4", "xcit", lambda w=width, h=heads: nets.Xcit(w, 12, h, classes=10, patch=4),
                                behind=nets.CIFAR10, prefix="")
for depth, factor in ((28, 10), (34, 10), (34, 20), (70, 16), (82, 8), (94, 16), (106, 16)):
    CIFAR[f"dm{depth}x{factor}"] = kind(f"DMWideResNet-{depth}-{factor}, Swish", "dmWideResnet",
                                        lambda d=depth, f=factor: nets.dm_wide(d, f, 1), behind=nets.CIFAR10)

CIFAR_LIST = {
    "wrn28x10": "Carmon2019Unlabeled Sehwag2020Hydra Wang2020Improving Wu2020Adversarial_extra Zhang2020Geometry Sridhar2021Robust Standard",
    "wrn28x10half": "Hendrycks2019Using",
    "wrn34x10": "Zhang2019Theoretically Huang2020Self Zhang2019You Zhang2020Attacks Wu2020Adversarial Sehwag2021Proxy Sitawarin2020Improving "
                "Cui2020Learnable_34_10 Addepalli2021Towards_WRN34 Chen2021LTD_WRN34_10 Jia2022LAS-AT_34_10 "
                "Addepalli2022Efficient_WRN_34_10 Cui2023Decoupled_WRN-34-10 Chen2024Data_WRN_34_10",
    "wrn34x10c": "Chen2020Efficient",
    "wrn34x15": "Sridhar2021Robust_34_15",
    "wrn34x20": "Cui2020Learnable_34_20 Chen2021LTD_WRN34_20 Chen2024Data_WRN_34_20",
    "wrn34x20c": "Rice2020Overfitting",
    "wrn70x16": "Jia2022LAS-AT_70_16",
    "resnet18": "Sehwag2021Proxy_R18 Addepalli2021Towards_RN18 Addepalli2022Efficient_RN18",
    "resnet50e": "Engstrom2019Robustness",
    "preact18": "Andriushchenko2020Understanding",
    "preact18c": "Wong2020Fast",
    "dm28x10": "Gowal2020Uncovering_28_10_extra Rebuffi2021Fixing_28_10_cutmix_ddpm Rade2021Helper_ddpm Gowal2021Improving_28_10_ddpm_100m "
               "Pang2022Robustness_WRN28_10 Wang2023Better_WRN-28-10 Xu2023Exploring_WRN-28-10 Cui2023Decoupled_WRN-28-10",
    "dm34x10": "Rade2021Helper_extra",
    "dm34x20": "Gowal2020Uncovering_34_20",
    "dm70x16": "Gowal2020Uncovering_70_16 Gowal2020Uncovering_70_16_extra Rebuffi2021Fixing_70_16_cutmix_ddpm "
               "Rebuffi2021Fixing_70_16_cutmix_extra Gowal2021Improving_70_16_ddpm_100m Pang2022Robustness_WRN70_16 "
               "Wang2023Better_WRN-70-16",
    "dm82x8": "Bartoldson2024Adversarial_WRN-82-8",
    "dm94x16": "Bartoldson2024Adversarial_WRN-94-16",
    "dm106x16": "Rebuffi2021Fixing_106_16_cutmix_ddpm",
    "dmpreact18": "Rebuffi2021Fixing_R18_ddpm Rade2021Helper_R18_extra Rade2021Helper_R18_ddpm Gowal2021Improving_R18_ddpm_100m",
    "robustwrn": "Huang2021Exploring Huang2021Exploring_ema",
    "wrna4": "Huang2022Revisiting_WRN-A4",
    "rawrn": "Peng2023Robust",
    "pssilu": "Dai2021Parameterizing",
    "boosting": "Pang2020Boosting",
    "mma": "Ding2020MMA",
    "ensemble": "Chen2020Adversarial",
    "resnest": "Sehwag2021Proxy_ResNest152",
    "sodef": "Kang2021Stable",
    "xcitS": "Debenedetti2022Light_XCiT-S12",
    "xcitM": "Debenedetti2022Light_XCiT-M12",
    "xcitL": "Debenedetti2022Light_XCiT-L12",
    "composite": "Bai2023Improving_edm Bai2024MixedNUTS",
    "sparse": "Amini2024MeanSparse Amini2024MeanSparse_Ra_WRN_70_16 Amini2024MeanSparse_S-WRN-94-16",
}

KEPT = {"behind": IMAGENET, "kept": ("mean", "std"), "size": 64, "prefix": "model."}
IMAGENET_KINDS = {
    "r18": kind("ResNet-18", "resnet18", lambda: nets.ResNet((2, 2, 2, 2), 4, torchvision=True), **KEPT),
    "r50": kind("ResNet-50", "resnet50", lambda: nets.ResNet((3, 4, 6, 3), 4, deep=True, torchvision=True), **KEPT),
    "w50": kind("WideResNet-50-2", "wideResnet50x2", lambda: nets.ResNet((3, 4, 6, 3), 4, deep=True, wide=2, torchvision=True), **KEPT),
    **{f"xcit{name}": kind(f"XCiT-{name}12/16", "xcit", lambda w=width, h=heads: nets.Xcit(w, 12, h, classes=10), size=64, prefix="")
       for name, width, heads in (("S", 16, 8), ("M", 24, 8), ("L", 32, 16))},
    "convnext_ts": kind("ConvNeXt-T, ConvStem", "convnext", lambda: nets.ConvNextTimm((3, 3, 9, 3), 4, stem=2), size=64, prefix="model."),
    "convnext_ss": kind("ConvNeXt-S, ConvStem", "convnext", lambda: nets.ConvNextTimm((3, 3, 27, 3), 4, stem=2), size=64, prefix="model."),
    "convnext_bs": kind("ConvNeXt-B or L, ConvStem", "convnext", lambda: nets.ConvNextTimm((3, 3, 27, 3), 4, stem=3), size=64, prefix="model."),
    "convnext_b": kind("ConvNeXt-B or L", "convnext", lambda: nets.ConvNextTimm((3, 3, 27, 3), 4), **KEPT),
    "vit_ss": kind("ViT-S, ConvStem", "vit", lambda: nets.VitTimm(128, 12, 2, 64, stem=8), **KEPT),
    "vit_bs": kind("ViT-B, ConvStem", "vit", lambda: nets.VitTimm(128, 12, 2, 64, stem=4), size=64, prefix="model."),
    "vit_b": kind("ViT-B", "vit", lambda: nets.VitTimm(128, 12, 2, 64), **KEPT),
    "swin": no("Swin", "attention in shifted windows"),
    "ra": kind("RaWRN-101-2", "raWideResnet101x2", lambda: nets.RaWide101((7, 11, 18, 1), (8, 16, 32, 64), 4), behind=IMAGENET,
               kept=("mean", "std"), size=64, prefix=""),
    "composite": CIFAR["composite"],
    "sparse": CIFAR["sparse"],
}
IMAGENET_LIST = {
    "r18": "Salman2020Do_R18",
    "r50": "Wong2020Fast Engstrom2019Robustness Salman2020Do_R50 Standard_R50",
    "w50": "Salman2020Do_50_2 Chen2024Data_WRN_50_2",
    "xcitS": "Debenedetti2022Light_XCiT-S12",
    "xcitM": "Debenedetti2022Light_XCiT-M12",
    "xcitL": "Debenedetti2022Light_XCiT-L12",
    "convnext_ts": "Singh2023Revisiting_ConvNeXt-T-ConvStem",
    "convnext_ss": "Singh2023Revisiting_ConvNeXt-S-ConvStem",
    "convnext_bs": "Singh2023Revisiting_ConvNeXt-B-ConvStem Singh2023Revisiting_ConvNeXt-L-ConvStem",
    "convnext_b": "Liu2023Comprehensive_ConvNeXt-B Liu2023Comprehensive_ConvNeXt-L",
    "vit_ss": "Singh2023Revisiting_ViT-S-ConvStem",
    "vit_bs": "Singh2023Revisiting_ViT-B-ConvStem",
    "vit_b": "Mo2022When_ViT-B",
    "swin": "Liu2023Comprehensive_Swin-B Liu2023Comprehensive_Swin-L Mo2022When_Swin-B RodriguezMunoz2024Characterizing_Swin-B "
            "RodriguezMunoz2024Characterizing_Swin-L Xu2024MIMIR_Swin-B Xu2024MIMIR_Swin-L",
    "ra": "Peng2023Robust",
    "composite": "Bai2024MixedNUTS",
    "sparse": "Amini2024MeanSparse_ConvNeXt-L Amini2024MeanSparse_Swin-L",
}


def saved(folder, name, one):
    """Writes the checkpoint of a kind. Returns its row."""
    row = {"title": one["title"], "call": one["call"], "why": one["why"]}
    if one["call"] is None:
        return row
    net = fill(one["net"]()).eval()
    state = {one["prefix"] + key: tensor for key, tensor in net.state_dict().items()}
    size, behind = one["size"], one["behind"]
    if one["kept"]:
        for key, values in zip(one["kept"], behind):
            state[f"normalize.{key}"] = torch.tensor(values).view(1, 3, 1, 1)
    torch.save({"state_dict": state, "epoch": 1}, folder / f"{name}.pt")
    images = torch.from_numpy(((seeded(1000, EXAMPLES * 3 * size * size) + 1) / 2).reshape(EXAMPLES, 3, size, size)).double()
    seen = images if not behind else (images - torch.tensor(behind[0]).double().view(1, 3, 1, 1)) / torch.tensor(behind[1]).double().view(1, 3, 1, 1)
    with torch.no_grad():
        logits = net.double()(seen).tolist()
    outside = {"mean": behind[0], "std": behind[1]} if behind and not one["kept"] else None
    return {**row, "file": f"{name}.pt", "size": size, "options": one["options"], "normalisation": outside, "logits": logits}


def listed(folder, name, kinds, entries):
    return {"name": name, "kinds": {key: saved(folder, f"{name}-{key}", one) for key, one in kinds.items()},
            "entries": [[entry, key] for key, text in entries.items() for entry in text.split()]}


torch.set_default_dtype(torch.float32)
target = Path(sys.argv[1])
lists = [listed(target, "CIFAR-10", CIFAR, CIFAR_LIST), listed(target, "ImageNet", IMAGENET_KINDS, IMAGENET_LIST)]
(target / "list.json").write_text(json.dumps({"examples": EXAMPLES, "lists": lists}))
