"""The neural codec's net: any length, as many bits as asked for, codebooks that are used."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from models.neural_codec import NeuralCodecConfig, NeuralCodecNet
from training.learn.codec_loss import codec_loss

TINY = NeuralCodecConfig(
    widths=(16, 16), depths=(1, 1), latent=6, codebooks=3, codebook_size=32, n_fft=128, hop=32,
    sample_rate=8000,
)  # fmt: skip


@pytest.fixture
def net() -> NeuralCodecNet:
    torch.manual_seed(0)
    return NeuralCodecNet(TINY)


def voice(batch: int = 4, length: int = 4000) -> torch.Tensor:
    """(B, 1, T) tones of different pitch in a little noise."""
    pitch = torch.linspace(100, 300, batch)[:, None, None]
    at = torch.arange(length) / TINY.sample_rate
    return 0.1 * torch.sin(2 * torch.pi * pitch * at) + 0.01 * torch.randn(batch, 1, length)


@pytest.mark.parametrize("length", [1, 31, 32, 1000])
def test_any_length_comes_back(net: NeuralCodecNet, length: int) -> None:
    net.eval()
    assert net(torch.randn(2, 1, length)).shape == (2, 1, length)
    assert net.coding is None


def test_receptive_field_bounds_what_a_sample_can_change(net: NeuralCodecNet) -> None:
    net.eval()
    for quantiser in net.quantisers:
        quantiser.codebook.normal_()
    middle = 10 * net.receptive_field
    x = (0.1 * torch.randn(1, 1, 2 * middle)).requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, 0, middle], x)
    touched = gradient[0, 0].nonzero()[:, 0]
    reach = max(middle - int(touched[0]), int(touched[-1]) - middle)
    assert 0.5 * net.receptive_field < reach <= net.receptive_field


def test_a_codebook_is_worth_its_bits(net: NeuralCodecNet) -> None:
    assert net.kbps == pytest.approx(5 * 8000 / 32 / 1000)
    assert NeuralCodecNet().kbps == 0.75


def test_each_codebook_codes_what_those_before_it_left(net: NeuralCodecNet) -> None:
    for _ in range(30):
        net(voice())
    net.eval()
    latent = net.coder(_features(net, voice()))
    left = [latent.square().mean()]
    for count in (1, 2, 3):
        left.append((latent - net._quantised(latent, count)).square().mean())
    assert all(after < 0.8 * before for before, after in pairwise(left))
    for quantiser in net.quantisers:
        used = {*_chosen(quantiser, latent)}
        assert len(used) > 8  # of 32: no collapse on a few


def test_a_net_taken_up_again_goes_on_as_it_was(net: NeuralCodecNet) -> None:
    """Its codebooks too: an entry is rare by what all steps so far say."""
    for _ in range(5):
        net(voice())
    again = NeuralCodecNet(TINY)
    again.load_state_dict(net.state_dict())
    x = voice()
    made = []
    for each in (net, again):
        torch.manual_seed(1)
        made.append(each(x))
    assert torch.equal(*made)
    assert torch.equal(net.quantisers[0].codebook, again.quantisers[0].codebook)


def test_gradients_pass_the_codes_straight(net: NeuralCodecNet) -> None:
    net(voice()).square().mean().backward()
    assert net.coder[0].weight.grad.abs().sum() > 0
    assert net.decoder[0].weight.grad.abs().sum() > 0


def test_it_learns_to_carry_a_sound(net: NeuralCodecNet) -> None:
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    x = voice()
    losses = []
    for _ in range(60):
        loss = (net.stft(net(x)[:, 0]).abs() - net.stft(x[:, 0]).abs()).abs().mean()
        (loss + codec_loss(net.coding)).backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def _features(net: NeuralCodecNet, x: torch.Tensor) -> torch.Tensor:
    from models.stft import features_of

    return features_of(net.stft(x[:, 0]))


def _chosen(quantiser: torch.nn.Module, latent: torch.Tensor) -> list[int]:
    code = quantiser(latent).transpose(1, 2).flatten(0, 1)
    return torch.cdist(code, quantiser.codebook).argmin(1).tolist()
