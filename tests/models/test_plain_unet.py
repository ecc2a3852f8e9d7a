"""The plain U-Net: the paper's size, and its output's forms."""

from __future__ import annotations

import pytest
import torch

from models.plain_unet import PlainUnet, PlainUnetConfig


@pytest.mark.parametrize(("size", "expected"), [("full", 5_995_457), ("small", 376_049)])
def test_the_sizes_have_the_parameters_they_promise(size: str, expected: int) -> None:
    with torch.device("meta"):
        net = PlainUnet(PlainUnetConfig.named(size))
    assert sum(parameter.numel() for parameter in net.parameters()) == expected
    assert net.stride == 8


def test_the_way_up_is_as_wide_as_the_authors_code() -> None:
    with torch.device("meta"):
        net = PlainUnet()
    assert [(block[0].in_channels, block[0].out_channels) for block in net.up] == [
        *((512, 256), (512, 128), (256, 64)),
    ]
    assert net.leave.in_channels == 128
    with pytest.raises(ValueError, match="size: got 'huge'"):
        PlainUnetConfig.named("huge")


def test_the_papers_output_is_limited_and_a_residual_one_is_added() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 1, 500)
    widths = (8, 8, 16)
    forms = [(True, False), (False, False), (False, True)]
    nets = [PlainUnet(PlainUnetConfig(widths, tanh=tanh, residual=added)) for tanh, added in forms]
    for net in nets:
        net.load_state_dict(nets[0].state_dict())
    limited, plain, added = (net.eval()(x) for net in nets)
    assert torch.allclose(limited, torch.tanh(plain))
    assert torch.allclose(added, x + plain)
