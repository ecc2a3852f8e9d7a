"""Laws of the TCN masker: what gains on a spectrum can and cannot do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.denoisers.tcn_masker import SIZES, TcnMasker, TcnMaskerConfig, band_weights

TINY = TcnMaskerConfig(16, (1, 2), 1, n_fft=256, hop=64, fine_hz=1000, n_bands=12,
                       sample_rate=16_000)  # fmt: skip


@pytest.fixture
def net() -> TcnMasker:
    torch.manual_seed(0)
    return TcnMasker(TINY).eval()


@pytest.mark.parametrize(("bias", "share"), [(40.0, 1.0), (-200.0, 0.0)])
def test_open_gains_return_the_sound_and_closed_ones_silence(net, bias, share) -> None:
    torch.nn.init.zeros_(net.leave.weight)
    torch.nn.init.constant_(net.leave.bias, bias)
    x = 0.1 * torch.randn(2, 2, 3001)
    assert torch.allclose(net(x), share * x, atol=1e-6)


def test_gains_lie_between_zero_and_one_and_are_shared_by_the_channels(net) -> None:
    with torch.no_grad():
        spectrum, gains = net(torch.randn(2, 2, 4096), as_gains=True)
    assert spectrum.shape == (2, 2, 129, 64)
    assert gains.shape == (2, 1, 129, 64)
    assert 0 <= float(gains.min()) <= float(gains.max()) <= 1


def test_gains_both_ways_begin_at_one_and_stay_within_their_range() -> None:
    torch.manual_seed(0)
    net = TcnMasker(replace(TINY, most_db=12)).eval()
    x = 0.1 * torch.randn(1, 1, 4096)
    assert torch.allclose(net(x), x, atol=1e-6)
    torch.nn.init.normal_(net.leave.weight, std=10)
    with torch.no_grad():
        gains_db = 20 * torch.log10(net(x, as_gains=True)[1])
    assert -12.001 <= float(gains_db.min()) < -11
    assert 11 < float(gains_db.max()) <= 12.001


def test_two_equal_channels_are_denoised_as_one(net) -> None:
    x = 0.1 * torch.randn(1, 1, 2048)
    assert torch.allclose(net(x.expand(1, 2, -1)), net(x).expand(1, 2, -1), atol=1e-6)


def test_a_shift_by_the_stride_shifts_the_output_and_nothing_beyond_the_field_matters(net) -> None:
    field, stride = net.receptive_field, net.stride
    x = torch.randn(1, 1, 2 * field + 40 * stride)
    other = x.clone()
    other[..., :stride] += 1
    far = slice(stride + field, None)
    with torch.no_grad():
        assert torch.equal(net(other)[..., far], net(x)[..., far])
        inner = slice(field, -field)
        assert torch.allclose(net(x[..., stride:])[..., inner], net(x)[..., stride:][..., inner],
                              atol=1e-5)  # fmt: skip


def test_bands_are_single_bins_below_and_wider_and_wider_above() -> None:
    weights = band_weights(TINY)
    n_fine = 1000 * 256 // 16_000 + 1
    assert torch.allclose(weights.sum(1), torch.ones(129))
    assert torch.equal(weights[:n_fine, :n_fine], torch.eye(n_fine))
    widths = weights[:, n_fine:].sum(0)[:-1]  # the last triangle has one side
    assert (widths.diff() > -1e-5).all()
    assert widths[-1] > 2 * widths[0]


@pytest.mark.parametrize("size", SIZES)
def test_named_sizes_are_configs(size) -> None:
    assert TcnMaskerConfig.named(size).width == SIZES[size]["width"]


def test_what_no_net_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="size: got 'huge', expected one of small, base, large"):
        TcnMaskerConfig.named("huge")
    with pytest.raises(ValueError, match="fine_hz: got 24000, expected less than half the rate"):
        TcnMaskerConfig(fine_hz=24_000)
    with pytest.raises(ValueError, match="n_fft: got 1000"):
        TcnMaskerConfig(n_fft=1000)
