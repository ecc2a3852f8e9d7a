"""Laws of the Wave-U-Net: the paper's sizes and counts, additivity, context, interpolation."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from models.checkpoint import load, save_checkpoint
from models.net import inference_form
from models.registry import build
from models.separation.wave_unet import WaveUnet, WaveUnetConfig
from pipeline import inference
from pipeline.dsp import chunked

TINY = {"levels": 3, "filters": 4}
FORMS = {
    "M1": {},
    "M2": {"difference": True},
    "M3": {"difference": True, "context": True},
    "M5": {"difference": True, "context": True, "channels": 2, "learned": True},
    "M6": {"difference": True, "context": True, "channels": 2, "sources": 4},
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def _net(name: str, **changes) -> WaveUnet:
    return WaveUnet(WaveUnetConfig(**{**TINY, **FORMS[name], **changes})).eval()


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("M1", 10_263_028),
        ("M2", 10_263_002),
        ("M3", 10_263_002),
        ("M4", 10_263_390),
        ("M5", 10_265_550),  # 2160 weights for the interpolation
        ("M6", 10_263_498),
        ("M7", 20_594_652),
        ("small", 2_748_054),
    ],
)
def test_the_papers_models_have_their_number_of_weights(name: str, count: int) -> None:
    with torch.device("meta"):
        net = WaveUnet(WaveUnetConfig.named(name))
    assert sum(value.numel() for value in net.parameters()) == count


@pytest.mark.parametrize(
    ("bottleneck", "sizes"), [(9, (147_443, 16_389)), (30, (233_459, 102_405))]
)
def test_sizes_with_context_are_the_papers(bottleneck: int, sizes: tuple[int, int]) -> None:
    config = WaveUnetConfig.named("M3")
    assert (config.input_size(bottleneck), config.output_size(bottleneck)) == sizes
    assert config.bottleneck(sizes[1]) == bottleneck
    with torch.device("meta"):
        assert WaveUnet(config).receptive_field == (sizes[0] - sizes[1]) // 2 + 4096


@pytest.mark.parametrize("bottleneck", [6, 9, 20])
def test_training_returns_the_middle_of_the_size_that_the_formula_says(bottleneck: int) -> None:
    net = _net("M5").train()
    size = net.config.input_size(bottleneck)
    x = 0.1 * torch.randn(1, 2, size)
    with torch.no_grad():
        sources = net(x)
        assert sources.shape == (1, 2, 2, net.config.output_size(bottleneck))
        cut = (size - sources.shape[-1]) // 2
        assert torch.allclose(sources.sum(1), x[..., cut:-cut], atol=1e-6)
        lead = -cut % net.stride  # so that both drop the same samples
        whole = net.eval()(functional.pad(x, (lead, 0)))
    assert torch.allclose(whole[..., lead + cut : -cut], sources, atol=1e-6)


def test_a_mixture_whose_levels_would_not_fit_is_not_trained_on() -> None:
    net = _net("M3").train()
    size = net.config.input_size(9)
    assert net(torch.zeros(1, 1, size)).shape[-1] == net.config.output_size(9)
    with pytest.raises(ValueError, match=f"got {size + 2} samples, expected {size} or"):
        net(torch.zeros(1, 1, size + 2))
    with pytest.raises(ValueError, match="got 10 samples"):
        net(torch.zeros(1, 1, 10))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("length", [1, 63, 64, 1001])
def test_any_length_comes_back_in_any_number_of_channels(name: str, length: int) -> None:
    net = _net(name)
    for channels in (1, 2, 3):
        sources = net(0.1 * torch.randn(2, channels, length))
        assert sources.shape == (2, net.config.sources, channels, length)
        assert torch.isfinite(sources).all()


@pytest.mark.parametrize("name", ["M2", "M3", "M5", "M6"])
def test_sources_with_a_difference_output_add_up_to_the_mixture(name: str) -> None:
    x = torch.randn(1, 2, 500)
    sources = _net(name)(x)
    assert (sources.sum(1) - x).abs().max() < 1e-6
    assert (sources[:, :-1].abs() <= 1).all()


@pytest.mark.parametrize("name", ["M1", "M3", "M5"])
def test_windows_equal_the_whole(name: str) -> None:
    net = inference_form(_net(name, levels=4))
    assert 2 * net.receptive_field < 1000
    sound = 0.1 * torch.randn(2, 6000).numpy()
    whole = inference.separated(net, sound).reshape(4, -1)
    parts = chunked.run(
        lambda x: inference.separated(net, x).reshape(4, -1),
        sound,
        payload=700,
        context=net.receptive_field,
        grid=net.stride,
        rows=4,
    )
    assert abs(parts - whole).max() < 1e-6


@pytest.mark.parametrize("name", ["M1", "M3"])
def test_the_receptive_field_bounds_what_a_sample_can_change(name: str) -> None:
    net, x = _net(name), 0.1 * torch.randn(1, 1, 3000)
    changed = x.clone()
    changed[..., 1500] += 100
    with torch.inference_mode():
        differs = (net(changed) != net(x)).any(1)[0, 0].nonzero()[:, 0]
    assert 1500 - net.receptive_field <= int(differs.min())
    assert int(differs.max()) <= 1500 + net.receptive_field


def test_learned_interpolation_begins_linear_and_is_equation_one() -> None:
    linear, learned = _net("M3"), _net("M3", learned=True)
    learned.load_state_dict(linear.state_dict(), strict=False)
    x = 0.1 * torch.randn(1, 1, 300)
    with torch.inference_mode():
        assert torch.allclose(learned(x), linear(x), atol=1e-6)
        rise = learned.rise[0]
        rise.weight.fill_(1.0)
        f = torch.randn(1, 8, 5)
        share = torch.sigmoid(torch.tensor(1.0))
        assert torch.equal(rise(f)[..., ::2], f)
        expected = share * f[..., :-1] + (1 - share) * f[..., 1:]
        assert torch.allclose(rise(f)[..., 1::2], expected, atol=1e-6)
        padded = _net("M1").rise[0](f)
        assert padded.shape[-1] == 10
        assert torch.equal(padded[..., -1], f[..., -1])  # the last value is repeated


def test_a_checkpoint_of_it_comes_back(tmp_path) -> None:
    net, x = _net("M5"), 0.1 * torch.randn(1, 2, 400)
    save_checkpoint(net, tmp_path / "own")
    with torch.inference_mode():
        assert torch.allclose(load(tmp_path / "own")(x), net(x), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"sources": 1, "difference": True}, "sources: got 1"),
        ({"down_kernel": 14}, "down_kernel: got 14"),
        ({"levels": 15}, "levels: got 15"),
    ],
)
def test_settings_that_make_no_net_are_named(settings, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build("wave_unet", settings)
    with pytest.raises(ValueError, match="size: got 'M9'"):
        WaveUnetConfig.named("M9")
