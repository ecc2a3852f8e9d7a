"""Laws of the spectrogram U-Net: the paper's size, masks between silence and the mixture."""

from __future__ import annotations

import pytest
import torch

from models.net import inference_form
from models.registry import build
from models.separation.spectrogram_unet import SpectrogramUnet, SpectrogramUnetConfig
from models.stft import Stft
from pipeline import inference
from pipeline.dsp import chunked

TINY = {"widths": (4, 8), "n_fft": 64, "hop": 48}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def _net(**changes) -> SpectrogramUnet:
    """With running statistics of some sound."""
    net = SpectrogramUnet(SpectrogramUnetConfig(**{**TINY, **changes}))
    with torch.no_grad():
        for _ in range(20):
            net(torch.randn(2, 1, 4800))
    return net.eval()


def test_each_net_of_the_papers_model_has_its_number_of_weights() -> None:
    net = SpectrogramUnet(SpectrogramUnetConfig.named("U7"))
    assert [sum(value.numel() for value in one.parameters()) for one in net.nets] == 2 * [9_823_313]


def test_its_transform_has_a_hop_of_three_quarters_of_a_frame_and_an_exact_inverse() -> None:
    stft, x = Stft(1024, 768), torch.randn(2, 20 * 768)
    spectrum = stft(x)
    assert spectrum.shape == (2, 513, 20)
    assert (stft.inverse(spectrum) - x).abs().max() < 1e-5


@pytest.mark.parametrize("length", [1, 191, 192, 5001])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_length_comes_back_in_any_number_of_channels(length: int, channels: int) -> None:
    sources = _net(sources=3)(torch.randn(2, channels, length))
    assert sources.shape == (2, 3, channels, length)
    assert torch.isfinite(sources).all()


def test_with_a_difference_output_the_sources_add_up() -> None:
    x = torch.randn(1, 2, 3000)
    assert (_net(difference=True)(x).sum(1) - x).abs().max() < 1e-5


def test_masks_of_one_give_the_mixture_back_but_for_half_of_the_highest_bin() -> None:
    net, x = _net(), torch.zeros(1, 1, 4800)
    x[..., 1000:3000] = torch.sin(torch.arange(2000) * 0.3)
    for one in net.nets:
        one.up[-1][0].weight.data.zero_()
        one.up[-1][0].bias.data.fill_(50.0)
    with torch.inference_mode():
        assert (net(x) - x[:, None]).abs().max() < 1e-2
        silent = net(torch.zeros_like(x))
    assert not silent.any()


def test_folded_and_in_windows_it_is_the_same_function() -> None:
    net, sound = _net(), 0.3 * torch.randn(2, 9000).numpy()
    expected = inference.separated(net, sound).reshape(4, -1)
    folded = inference_form(net)
    assert not any("running_mean" in name for name in folded.state_dict())
    assert abs(inference.separated(folded, sound).reshape(4, -1) - expected).max() < 1e-5
    parts = chunked.run(
        lambda x: inference.separated(folded, x).reshape(4, -1),
        sound,
        payload=1000,
        context=folded.receptive_field,
        grid=folded.stride,
        rows=4,
    )
    assert abs(parts - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"n_fft": 1000}, "n_fft: got 1000"),
        ({"hop": 767}, "hop: got 767"),
        ({"sources": 1, "difference": True}, "sources: got 1"),
    ],
)
def test_settings_that_make_no_net_are_named(settings, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build("spectrogram_unet", settings)
    with pytest.raises(ValueError, match="size: got 'U9'"):
        SpectrogramUnetConfig.named("U9")
