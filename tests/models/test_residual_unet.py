"""The residual U-Net: the thesis' size, its skips and its interpolation."""

from __future__ import annotations

import pytest
import torch

from models.registry import build
from models.residual_unet import SIZES, ResidualUnet, ResidualUnetConfig


def _n_parameters(size: str) -> int:
    with torch.device("meta"):
        net = ResidualUnet(ResidualUnetConfig.named(size))
    return sum(parameter.numel() for parameter in net.parameters())


def test_the_full_size_is_the_thesis_to_the_parameter() -> None:
    assert _n_parameters("full") == 17_850_593
    assert {size: round(_n_parameters(size) / 1e6, 1) for size in SIZES} == {
        "quarter": 1.1,
        "half": 4.5,
        "full": 17.9,
    }
    with pytest.raises(ValueError, match="size: got 'huge'"):
        ResidualUnetConfig.named("huge")


def test_the_way_up_is_as_wide_as_the_thesis_says() -> None:
    with torch.device("meta"):
        net = ResidualUnet()
    shapes = [(block[0].in_channels, block[0].out_channels) for block in net.up]
    assert shapes == [
        *((2048, 512), (1024, 256), (512, 128), (256, 64)),
        *((128, 32), (64, 16), (32, 16)),
    ]
    assert (net.stride, net.config.sample_rate) == (128, 44_100)


def test_it_adds_to_its_input_alone() -> None:
    torch.manual_seed(0)
    net = build("residual_unet", {"widths": [8, 8, 16]}).eval()
    torch.nn.init.zeros_(net.leave.weight)
    torch.nn.init.zeros_(net.leave.bias)
    x = torch.randn(2, 1, 999)
    assert torch.equal(net(x), x)


@pytest.mark.parametrize("align_corners", [False, True])
def test_only_the_thesis_interpolation_depends_on_the_windows_length(align_corners: bool) -> None:
    torch.manual_seed(0)
    config = ResidualUnetConfig(widths=(8, 8, 16, 16), align_corners=align_corners)
    net = ResidualUnet(config).eval()
    x, cut = torch.randn(1, 1, 4000), 1600
    inside = slice(0, cut - net.receptive_field)
    with torch.inference_mode():
        difference = (net(x)[..., :cut] - net(x[..., :cut]))[..., inside].abs().max()
    assert (difference > 1e-4) == align_corners
