"""The form for a processor is the net itself, to rounding."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models.cpu import rows
from models.denoisers.tcn_masker import TcnMasker, TcnMaskerConfig
from models.denoisers.wavenet import WaveNet, WaveNetConfig
from models.enhancer import Enhancer, EnhancerConfig
from models.net import inference_form
from models.spectral_enhancer import SpectralEnhancer, SpectralEnhancerConfig

TCN = TcnMaskerConfig(width=16, dilations=(1, 3), repeats=1)
NETS = [
    lambda: SpectralEnhancer(SpectralEnhancerConfig((16, 16, 24), (1, 2, 1), n_skips=1)),
    lambda: TcnMasker(TCN),
    lambda: TcnMasker(TcnMaskerConfig(width=16, dilations=(1,), repeats=1, most_db=12)),
    lambda: WaveNet(WaveNetConfig(16, 2, 4, 4)),
]
ENHANCERS = [
    lambda: Enhancer(EnhancerConfig((16, 32, 48), n_skips=2)),
    lambda: Enhancer(EnhancerConfig((16, 16), n_skips=0, lstm=True)),
]


def _both(net: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The outputs of the form that learns and of the form for a processor."""
    net.eval()
    expected = net(x.requires_grad_()).detach()
    with torch.inference_mode():
        assert rows.applies(net, x)
        return expected, net(x)


def _lively(make: Callable[[], nn.Module]) -> nn.Module:
    """Always the same net, with parameters that all count."""
    torch.manual_seed(0)
    net = make()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net


@pytest.mark.parametrize("make", [*NETS, *ENHANCERS])
@pytest.mark.parametrize("has_onednn", [True, False])
def test_both_forms_agree(make, has_onednn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_onednn:
        monkeypatch.setattr(rows, "_has_onednn", lambda dtype: False)
    expected, actual = _both(_lively(make), 0.1 * torch.randn(2, 1, 20_001))
    assert actual.shape == expected.shape
    assert torch.allclose(actual, expected, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize(
    "make, error_db", [*((net, -40) for net in NETS), *((net, -35) for net in ENHANCERS)]
)
def test_bfloat16_agrees(make, error_db: float) -> None:
    x = 0.1 * torch.randn(1, 1, 20_001)
    expected, _ = _both(_lively(make), x)
    with torch.inference_mode():
        error = inference_form(_lively(make), "bfloat16")(x) - expected
    assert error.square().mean() < 10 ** (error_db / 10) * expected.square().mean()


def test_what_learns_or_is_elsewhere_keeps_its_form() -> None:
    net, x = nn.Identity(), torch.zeros(1)
    with torch.no_grad():
        assert not rows.applies(net.train(), x)
        assert rows.applies(net.eval(), x)
        assert not rows.applies(net, x.to("meta"))
        with torch.autocast("cpu", torch.bfloat16):
            assert not rows.applies(net, x)
    assert not rows.applies(net, x)


def test_weights_that_are_never_learned_are_arranged_once() -> None:
    """And again where they were exchanged; the output stays the same to the bit."""
    net, x = inference_form(_lively(ENHANCERS[0])), 0.1 * torch.randn(1, 1, 5_000)
    with torch.inference_mode():
        first, kept = net(x), dict(rows._kept)
        assert torch.equal(net(x), first) and all(rows._kept[key] is kept[key] for key in kept)
    other = _lively(ENHANCERS[0])
    for parameter in other.parameters():
        parameter.data *= 1.1
    expected, _ = _both(other, x)
    net.load_state_dict(inference_form(other).state_dict(), assign=True)
    with torch.inference_mode():
        assert torch.allclose(net(x), expected, atol=1e-5 * float(expected.abs().max()))
