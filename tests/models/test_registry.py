"""Nets by name, and the errors of names and configs that there are not."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from models.enhancer import Enhancer, EnhancerConfig
from models.registry import build, classes, name_of, outline


def test_a_net_is_built_by_its_name() -> None:
    net = build("enhancer", {"widths": [16, 16], "n_skips": 1})
    assert isinstance(net, Enhancer)
    assert (net.config.widths, name_of(net)) == ((16, 16), "enhancer")


def test_unknown_models_and_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="got 'nothing', expected one of enhancer"):
        build("nothing", {})
    with pytest.raises(ValueError, match="config: got {'colour': 1}, expected some of widths"):
        build("enhancer", {"colour": 1})


@pytest.mark.parametrize(
    ("model", "config", "message"),
    [
        ("enhancer", {"widths": []}, "widths: got \\(\\), expected 1 to 8 whole numbers"),
        ("enhancer", {"widths": [16, "16"]}, "widths: got"),
        ("enhancer", {"widths": 16}, "widths: got 16"),
        ("enhancer", {"widths": [4096] * 8}, "weights, expected at most"),
        ("enhancer", {"lstm": 1}, "lstm: got 1, expected a value like False"),
        ("spectral_enhancer", {"kernel": 4}, "kernel: got 4, expected an odd number"),
        ("spectral_enhancer", {"dropout": float("nan")}, "dropout: got nan"),
        ("spectral_enhancer", {"hop": 0}, "hop: got 0"),
        ("spectral_enhancer", {"hop": 1 << 14, "n_fft": 1 << 15}, "a reach of"),
        ("spectral_enhancer", {"depths": [10**9] * 3}, "depths: got"),
        ("mask_unet", {"groups": 0}, "groups: got 0"),
        ("mask_unet", {"n_fft": 1 << 40}, "n_fft: got"),
        ("mask_unet", {"dilations": [1 << 20]}, "dilations: got"),
        ("wavenet", {"layers": 60}, "layers: got 60"),
        ("wavenet", {"sample_rate": True}, "sample_rate: got True"),
        ("neural_codec", {"codebook_size": 1}, "codebook_size: got 1"),
        ("neural_codec", {"widths": [8]}, "widths: got"),
        ("wavenet", "small", "config: got 'small'"),
        ("wavenet", {"channels": 10**5000}, "channels: got"),
    ],
)
def test_a_config_is_refused_before_its_net_is_built(model, config, message) -> None:
    with pytest.raises(ValueError, match=message):
        build(model, config)


@pytest.mark.parametrize(
    ("model", "size", "count"),
    [
        ("enhancer", "large", 27_533_793),
        ("spectral_enhancer", "base", 10_378_372),
        ("tcn_masker", "base", 7_700_290),
        ("mask_unet", "", 4_109_585),
        ("wavenet", "small", 623_816),
        ("neural_codec", "", 3_567_579),
        ("content_classifier", "", 90_692),
    ],
)
def test_each_net_has_its_number_of_parameters(model: str, size: str, count: int) -> None:
    """Those of the U-Nets are tested with the U-Nets."""
    net_class, config_class = classes(model)
    with torch.device("meta"):
        net = net_class(config_class.named(size) if size else config_class())
    assert sum(parameter.numel() for parameter in net.parameters()) == count


def test_the_outline_has_the_names_and_shapes_of_the_net() -> None:
    """Also where weight norm makes two of a weight."""
    config = EnhancerConfig(widths=(16, 16))
    shapes = {name: tuple(value.shape) for name, value in Enhancer(config).state_dict().items()}
    assert outline(Enhancer, config) == shapes


def test_outlines_import_no_compiler() -> None:
    """PyTorch's arithmetic on the device "meta" imports it: 1.3 s, 140 MB."""
    code = """
import sys
from models.registry import NETS, classes, outline
for model in NETS:
    make_net, config_class = classes(model)
    outline(make_net, config_class())
print(sum(name in sys.modules for name in ("sympy", "torch._dynamo")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
