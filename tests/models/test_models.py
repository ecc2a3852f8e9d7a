"""Laws of the nets: any length, the named sizes, skips as data, folding, receptive field."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.denoisers.mask_unet import MaskUnet, MaskUnetConfig
from models.denoisers.wavenet import WaveNet, WaveNetConfig
from models.enhancer import SIZES, Enhancer, EnhancerConfig
from models.layers import ChannelNorm, Snake, fold_weight_norm
from models.net import inference_form
from models.plain_unet import PlainUnet, PlainUnetConfig
from models.residual_unet import ResidualUnet, ResidualUnetConfig
from models.spectral_enhancer import SpectralEnhancer, SpectralEnhancerConfig
from tests.support.sounds import soft_enhancer

TINY = EnhancerConfig(widths=(16, 16, 16, 16, 16, 16))
TINY_SPECTRAL = SpectralEnhancerConfig(widths=(16, 16, 16), depths=(1, 1, 1))
TINY_MASK = MaskUnetConfig(base=8, groups=4, n_fft=64, hop=16, dilations=(1, 2))
TINY_RESIDUAL = ResidualUnetConfig(widths=(8, 8, 16, 16, 16))
TINY_PLAIN = PlainUnetConfig(widths=(8, 16, 16))
TINY_WAVENET = WaveNetConfig(channels=16, stacks=2, layers=4, patch=4)
TINY_STEREO = WaveNetConfig(channels=16, stacks=2, layers=4, patch=4, stereo=True)


def _wavenet(config: WaveNetConfig) -> WaveNet:
    """With a last layer that does something, which a fresh one does not."""
    net = WaveNet(config)
    nn.init.normal_(net.leave[-1].weight, std=0.1)
    return net


def _settled(net: nn.Module) -> nn.Module:
    """With batch norms that have seen sound: their statistics are not those of a fresh net."""
    net.train()(0.1 * torch.randn(4, 1, 4096))
    return net


NETS = [
    pytest.param(lambda: soft_enhancer(TINY), id="waveform"),
    pytest.param(lambda: SpectralEnhancer(TINY_SPECTRAL), id="spectral"),
    pytest.param(lambda: MaskUnet(TINY_MASK), id="mask"),
    pytest.param(lambda: _wavenet(TINY_WAVENET), id="wavenet"),
    pytest.param(lambda: _wavenet(TINY_STEREO), id="stereo wavenet"),
    pytest.param(lambda: _settled(ResidualUnet(TINY_RESIDUAL)), id="residual U-Net"),
    pytest.param(lambda: _settled(PlainUnet(TINY_PLAIN)), id="plain U-Net"),
]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("make", NETS)
@pytest.mark.parametrize("length", [1, 239, 4096, 4097, 10_001])
def test_any_length_comes_back(make, length: int) -> None:
    x = 0.1 * torch.randn(2, 1, length)
    y = make().eval()(x)
    assert y.shape == x.shape
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("make", NETS)
def test_rows_of_a_batch_do_not_mix(make) -> None:
    net, x = make().eval(), 0.1 * torch.randn(2, 1, 9000)
    with torch.inference_mode():
        assert torch.allclose(net(x)[1:], net(x[1:]), atol=1e-5)


@pytest.mark.parametrize("make", NETS)
def test_receptive_field_bounds_what_a_sample_can_change(make) -> None:
    """An output sample depends on no input farther away, and on some input nearly that far."""
    net = make().eval()
    unit = max(net.stride, net.receptive_field // 10)
    middle = 12 * unit + unit // 3
    x = (0.1 * torch.randn(1, 1, 24 * unit)).requires_grad_()
    y = net(x)
    reach = 0
    for at in range(middle, middle + net.stride, max(1, net.stride // 6)):
        (gradient,) = torch.autograd.grad(y[0, 0, at], x, retain_graph=True)
        touched = gradient[0, 0].nonzero()[:, 0]
        reach = max(reach, at - int(touched[0]), int(touched[-1]) - at)
    assert 0.5 * net.receptive_field < reach <= net.receptive_field


@pytest.mark.parametrize("make", NETS)
def test_shift_by_a_stride_shifts_the_output(make) -> None:
    net = make().eval()
    inner = 0.1 * torch.randn(1, 1, 30 * net.stride)
    later = nn.functional.pad(inner, (net.stride, 0))
    edge = net.receptive_field + net.stride
    with torch.inference_mode():
        here, there = net(inner)[..., edge:-edge], net(later)[..., net.stride :][..., edge:-edge]
    assert torch.allclose(here, there, atol=1e-5)


@pytest.mark.parametrize(("size", "millions"), [("small", 2.1), ("base", 8.6), ("large", 27.5)])
def test_named_sizes_have_the_parameters_they_promise(size: str, millions: float) -> None:
    net = Enhancer(EnhancerConfig.named(size))
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)
    assert all(width % 16 == 0 for width in SIZES[size])


@pytest.mark.parametrize("n_skips", range(7))
def test_skips_lie_at_the_deepest_levels_only(n_skips: int) -> None:
    """With a level's gate cut, the input is heard just where that level has a skip around it."""
    net = Enhancer(EnhancerConfig(widths=TINY.widths, n_skips=n_skips))
    x = (0.1 * torch.randn(1, 1, 8192)).requires_grad_()
    for index, level in enumerate(net.decoder):
        cut = level.gate.register_forward_hook(lambda module, args, output: 0 * output.detach())
        y = net(x)
        cut.remove()
        (gradient,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
        assert (gradient is not None) == (index >= 6 - n_skips)


def test_more_skips_than_levels_is_an_error() -> None:
    with pytest.raises(ValueError, match="n_skips: got 7, expected 0 to 6"):
        EnhancerConfig(n_skips=7)


def test_unknown_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="huge"):
        EnhancerConfig.named("huge")
    with pytest.raises(ValueError, match="huge"):
        SpectralEnhancerConfig.named("huge")


@pytest.mark.parametrize("lstm", [False, True])
def test_folded_weights_give_the_same_output(lstm: bool) -> None:
    net = Enhancer(EnhancerConfig(widths=TINY.widths, lstm=lstm)).eval()
    for parameter in net.parameters():  # away from the state in which length equals norm
        parameter.data += 0.05 * torch.randn_like(parameter)
    x = 0.1 * torch.randn(1, 1, 9000)
    with torch.inference_mode():
        before = net(x)
        after = fold_weight_norm(net)(x)
    assert not any("parametrizations" in name for name, _ in net.named_parameters())
    assert (before - after).abs().max() < 1e-5


def _run_form(make, net: nn.Module, precision: str) -> nn.Module:
    twin = make()
    twin.load_state_dict(net.state_dict())
    return inference_form(twin, precision)


@pytest.mark.parametrize("make", NETS)
def test_inference_form_is_the_same_function(make) -> None:
    net = make().eval()
    for parameter in net.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    x = 0.1 * torch.randn(2, 1, 3 * net.stride + 77)
    with torch.inference_mode():
        expected = net(x)
        exact, coarse = (_run_form(make, net, form) for form in ("float32", "bfloat16"))
        loudest = max(1.0, float(expected.abs().max()))
        assert (exact(x) - expected).abs().max() < 1e-5 * loudest
        error = (coarse(x) - expected).square().mean() / expected.square().mean()
    assert -10 * torch.log10(error) > 35
    assert coarse(x).dtype == torch.float32
    assert (exact.stride, exact.receptive_field) == (net.stride, net.receptive_field)


def test_snake_is_its_formula_with_and_without_gradients() -> None:
    snake, x = Snake(3), torch.randn(2, 3, 50)
    snake.alpha.data = torch.tensor([[0.5], [1.0], [3.0]])
    expected = x + torch.sin(snake.alpha * x) ** 2 / snake.alpha
    assert torch.allclose(snake(x), expected, atol=1e-5)
    with torch.inference_mode():
        kept = x.clone()
        assert torch.allclose(snake(x), expected, atol=1e-5)
        assert torch.equal(x, kept)


def test_channel_norm_ignores_time_and_level() -> None:
    norm, x = ChannelNorm(8), torch.randn(1, 8, 20)
    assert torch.allclose(norm(x)[..., 5:6], norm(x[..., 5:6]), atol=1e-6)
    assert torch.allclose(norm(100 * x), norm(x), atol=1e-3)


def test_stft_and_its_inverse_return_the_sound() -> None:
    net = SpectralEnhancer(TINY_SPECTRAL)
    x = torch.randn(2, 4 * net.stride)
    assert torch.allclose(net.stft.inverse(net.stft(x)), x, atol=1e-5)


def test_spectral_enhancer_starts_as_nearly_the_identity() -> None:
    net, x = SpectralEnhancer(TINY_SPECTRAL).eval(), 0.1 * torch.randn(1, 1, 48_000)
    error = (net(x) - x).square().mean() / x.square().mean()
    assert 10 * torch.log10(error) < -20
