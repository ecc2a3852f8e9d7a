"""Laws of the nets that clean: what a mask and a subtraction can and cannot do."""

from __future__ import annotations

import pytest
import torch

from models.denoisers.mask_unet import FLOOR_SHIFTS, MaskUnet, MaskUnetConfig, _height
from models.denoisers.wavenet import SIZES, WaveNet, WaveNetConfig

TINY = MaskUnetConfig(base=8, groups=4, n_fft=64, hop=16, dilations=(1,))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_a_mask_of_one_returns_the_sound_and_of_zero_silence() -> None:
    net, x = MaskUnet(TINY).eval(), 0.1 * torch.randn(1, 2, 3000)
    last = net.head[-1]
    torch.nn.init.zeros_(last.weight)
    for bias, wanted in ((40.0, x), (-200.0, 0 * x)):
        torch.nn.init.constant_(last.bias, bias)
        assert torch.allclose(net(x), wanted, atol=1e-5)


def test_a_mask_adds_no_energy_to_any_bin() -> None:
    net, x = MaskUnet(TINY).eval(), 0.1 * torch.randn(1, 1, 4096)
    given = net.stft(x[0])
    masked = net._mask(given[:, None]) * given[:, None]
    assert (masked.abs() <= given.abs() + 1e-6).all()


def test_equal_channels_get_equal_masks_and_swapped_ones_swapped_masks() -> None:
    net, x = MaskUnet(TINY).eval(), 0.1 * torch.randn(1, 2, 4000)
    both = x[:, :1].expand(-1, 2, -1)
    with torch.inference_mode():
        made = net(both)
        assert torch.allclose(made[:, 0], made[:, 1], atol=1e-6)
        assert torch.allclose(made[:, :1], net(x[:, :1]), atol=1e-6)  # as mono
        assert torch.allclose(net(x.flip(1)), net(x).flip(1), atol=1e-6)


def test_height_over_the_floor_is_what_stands_above_steady_noise() -> None:
    level = torch.full((1, 1, 4, 400), -2.0)
    level[..., 200:220] = 1.0
    height = _height(level)
    assert torch.allclose(height[..., :195], torch.zeros(()), atol=1e-6)
    assert torch.allclose(height[..., 205:215], torch.tensor(3.0), atol=1e-6)
    assert sum(FLOOR_SHIFTS) == 127


def test_a_fresh_wavenet_is_the_identity() -> None:
    x = torch.randn(2, 1, 5001)
    assert torch.equal(WaveNet(WaveNetConfig(channels=16, stacks=1, layers=3))(x), x)


def test_a_stereo_wavenet_hears_all_channels_and_swaps_with_them() -> None:
    net = WaveNet(WaveNetConfig(channels=16, stacks=1, layers=3, stereo=True)).eval()
    torch.nn.init.normal_(net.leave[-1].weight, std=0.1)
    x, other = 0.1 * torch.randn(2, 1, 2, 3001)
    both = x[:, :1].expand(-1, 2, -1)
    with torch.inference_mode():
        assert torch.allclose(net(x.flip(1)), net(x).flip(1), atol=1e-6)
        assert torch.allclose(net(both), net(both[:, :1]).expand(-1, 2, -1), atol=1e-6)  # as mono
        beside = net(torch.cat((x[:, :1], other[:, 1:]), 1))
    assert (beside[:, 0] - net(x)[:, 0]).abs().max() > 1e-3


def test_a_stereo_wavenet_that_ignores_the_mean_is_the_mono_one() -> None:
    mono, stereo = (
        WaveNet(WaveNetConfig(channels=16, stacks=1, layers=3, stereo=stereo)).eval()
        for stereo in (False, True)
    )
    torch.nn.init.normal_(mono.leave[-1].weight, std=0.1)
    weights = mono.state_dict()
    weights["enter.weight"] = torch.cat((weights["enter.weight"], 0 * weights["enter.weight"]), 1)
    stereo.load_state_dict(weights)
    x = 0.1 * torch.randn(2, 2, 3001)
    with torch.inference_mode():
        assert torch.allclose(stereo(x), mono(x), atol=1e-6)
        assert torch.allclose(mono(x)[:, 1:], mono(x[:, 1:]), atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_sizes_of_the_wavenet_grow(size: str) -> None:
    config = WaveNetConfig.named(size, patch=1)
    assert (config.channels, config.stacks, config.layers) == SIZES[size]
    assert config.patch == 1
    with torch.device("meta"):
        reach = WaveNet(config).receptive_field
    assert reach == config.stacks * (2**config.layers - 1) + 4


def test_settings_that_make_no_net_are_named() -> None:
    with pytest.raises(ValueError, match="base: got 12"):
        MaskUnetConfig(base=12)
    with pytest.raises(ValueError, match="n_fft: got 1000"):
        MaskUnetConfig(n_fft=1000)
    with pytest.raises(ValueError, match="patch: got 0"):
        WaveNetConfig(patch=0)
    with pytest.raises(ValueError, match="size: got 'huge'"):
        WaveNetConfig.named("huge")
