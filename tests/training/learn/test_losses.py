"""Loss terms: nothing for equals, closed forms, and blindness above the trusted bandwidth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pipeline.evaluation import metrics
from training.learn.dac_mel import BANDS, WINDOWS
from training.learn.losses import SDR_LIMIT_DB, TERMS, Losses, pulse
from training.learn.spectra import COMPRESSION, Power

RATE = 48_000
ONE_EACH = dict.fromkeys(TERMS, 1.0)


@pytest.fixture(scope="module")
def losses() -> Losses:
    return Losses(ONE_EACH, RATE)


@pytest.fixture(scope="module")
def sound() -> torch.Tensor:
    return 0.1 * torch.randn(2, 1, 12_000, generator=torch.Generator().manual_seed(0))


FULL = torch.full((2, 25), RATE / 2)


@pytest.mark.parametrize("turn", range(3))
def test_equals_are_at_no_distance(losses: Losses, sound: torch.Tensor, turn: int) -> None:
    terms = losses(sound, sound, FULL, turn)
    assert set(terms) == {*TERMS, "total"}
    assert all(float(value) < 2e-3 for value in terms.values())


@pytest.mark.parametrize("turn", range(3))
def test_ten_times_louder_is_one_unit_of_each_logarithm(losses, sound, turn) -> None:
    terms = losses(10 * sound, sound, FULL, turn)
    assert float(terms["lsd"]) == pytest.approx(2, abs=1e-3)
    assert float(terms["magnitude"]) == pytest.approx(math.log(10), abs=1e-2)
    assert float(terms["convergence"]) == pytest.approx(9, rel=1e-2)


def test_the_squared_error_and_the_linear_magnitude_are_their_formulas(losses, sound) -> None:
    terms = losses(2 * sound, sound, FULL, 1)
    assert float(terms["mse"]) == pytest.approx(float(sound.square().mean()), rel=1e-5)
    window = torch.hann_window(600)
    spectrum = torch.stft(sound[:, 0], 1024, 120, 600, window, return_complex=True).abs()
    assert float(terms["linear_magnitude"]) == pytest.approx(float(spectrum.mean()), rel=1e-3)


def test_the_codecs_mel_loss_is_a_logarithm_on_each_of_seven_scales(sound) -> None:
    """Two bands are narrower than a bin and empty, as librosa's are: they are at no distance."""
    from librosa.filters import mel

    losses, scales = Losses({"dac_mel": 1.0}, RATE), zip(WINDOWS, BANDS, strict=True)
    filled = [float(mel(sr=RATE, n_fft=n, n_mels=bands).any(1).mean()) for n, bands in scales]
    made = losses(3 * sound, sound, FULL, 0)["dac_mel"]
    assert float(made) == pytest.approx(math.log10(3) * sum(filled), rel=1e-3)
    assert sum(filled) == pytest.approx(7 - 1 / 5 - 1 / 10)
    assert float(losses(sound, sound, FULL, 0)["dac_mel"]) == 0


def test_without_a_turn_all_resolutions_count_alike(losses, sound) -> None:
    other = sound.flip(-1)
    turns = [losses(other, sound, FULL, turn) for turn in range(3)]
    for name, value in losses(other, sound, FULL, None).items():
        assert float(value) == pytest.approx(sum(float(turn[name]) for turn in turns) / 3, rel=1e-4)


def test_other_resolutions_and_floors_can_be_had(sound) -> None:
    wide = Losses({"magnitude": 1.0}, RATE, [(4096, 4096, 1024)], floor=1e-2)
    assert wide.spectra[0].n_fft == 4096
    tenfold = float(wide(10 * sound, sound, FULL, 0)["magnitude"])
    assert 0.1 < tenfold < 0.999 * math.log(10)  # the floor hides the quiet bins


def test_each_source_counts_as_a_sound(losses, sound) -> None:
    sources = torch.stack((sound, 0.5 * sound.flip(-1)), 1)  # (B, S, C, T)
    estimate = sources.roll(7, -1)
    both = losses(estimate, sources, FULL, 0)
    each = [losses(estimate[:, at], sources[:, at], FULL, 0) for at in range(2)]
    for name in ("mse", "magnitude", "lsd", "waveform", "sdr"):
        mean = sum(float(terms[name]) for terms in each) / 2
        assert float(both[name]) == pytest.approx(mean, rel=1e-4)


def test_the_gradient_of_power_is_right() -> None:
    frames = torch.randn(2, 3, 8, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(Power.apply, frames)


def test_the_lsd_term_is_the_metric(losses: Losses, sound: torch.Tensor) -> None:
    other = sound.flip(-1)
    estimate, target = other[0].numpy(), sound[0].numpy()
    expected = metrics.lsd(estimate, target, RATE)
    both = losses(other[:1], sound[:1], FULL[:1], 0)["lsd"]
    assert float(both) == pytest.approx(expected, rel=1e-3)


def test_total_is_the_weighted_sum(sound: torch.Tensor) -> None:
    weights = {"lsd": 2.0, "waveform": 3.0}
    terms = Losses(weights, RATE)(sound.flip(-1), sound, FULL, 0)
    assert float(terms["total"]) == pytest.approx(
        float(2 * terms["lsd"] + 3 * terms["waveform"]), rel=1e-6
    )


def test_what_lies_above_the_trusted_bandwidth_does_not_count(losses, sound) -> None:
    spectrum = torch.fft.rfft(sound)
    spectrum[..., spectrum.shape[-1] * 10 // 24 :] *= 3  # from 10 kHz up
    changed = torch.fft.irfft(spectrum, sound.shape[-1])
    trusting = losses(changed, sound, FULL, 2)
    doubting = losses(changed, sound, torch.full((2, 25), 8000.0), 2)
    for name in ("lsd", "magnitude", "mel"):
        assert float(trusting[name]) > 0.2
        assert float(doubting[name]) < 0.02


def test_balance_is_of_power_over_time_and_blind_to_when(losses, sound) -> None:
    """The same sound at another time balances; half of it gone is 3 dB, in every band."""
    assert float(losses(sound.roll(6000, -1), sound, FULL, 0)["balance"]) < 0.05
    halved = sound.clone()
    halved[..., :6000] = 0
    assert float(losses(halved, sound, FULL, 0)["balance"]) == pytest.approx(math.log(2), abs=0.15)


def test_treble_that_pulses_with_the_frames_is_told_from_noise() -> None:
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(2, RATE, generator=generator)
    at = torch.arange(RATE) / RATE
    pulsing = noise * (1 + 0.8 * torch.sin(2 * torch.pi * 200 * at))
    beating = noise * (1 + 0.8 * torch.sin(2 * torch.pi * 213.7 * at))
    assert (pulse(noise) < 0.01).all()
    assert (pulse(pulsing) > 0.3).all()
    assert (pulse(beating) < 0.05).all()


def test_an_unknown_term_is_an_error_before_the_first_step() -> None:
    with pytest.raises(ValueError, match="loudness"):
        Losses({"loudness": 1.0}, RATE)


def test_silence_gives_finite_gradients(losses: Losses) -> None:
    estimate = torch.zeros(2, 1, 12_000, requires_grad=True)
    losses(estimate, torch.zeros(2, 1, 12_000), FULL, 2)["total"].backward()
    assert torch.isfinite(estimate.grad).all()
    assert np.isfinite(float(estimate.grad.abs().max()))


@pytest.mark.parametrize("ratio_db", [-10.0, 0.0, 10.0])
@pytest.mark.parametrize("level", [1.0, 0.1])
def test_the_sdr_term_is_the_ratio_up_to_its_limit(sound, ratio_db: float, level: float) -> None:
    estimate = sound * (1 + 10 ** (-ratio_db / 20))
    term = Losses({"sdr": 1.0}, RATE)(level * estimate, level * sound, FULL, 0)["sdr"]
    limit = 10 ** (-SDR_LIMIT_DB / 10)
    assert float(term) == pytest.approx(math.log10(10 ** (-ratio_db / 10) + limit), abs=1e-3)


def test_the_sdr_term_of_equals_is_its_limit(sound) -> None:
    term = Losses({"sdr": 1.0}, RATE)(sound, sound, FULL, 0)["sdr"]
    assert float(term) == pytest.approx(-SDR_LIMIT_DB / 10, abs=1e-3)


@pytest.mark.parametrize("channels", [1, 2])
def test_voiceless_examples_have_no_sdr_term(sound, channels: int) -> None:
    losses = Losses({"sdr": 1.0}, RATE)
    target = sound.repeat(1, channels, 1)
    estimate = torch.stack((1.5 * target[0], 100 * target[1])).requires_grad_()
    voiced = torch.tensor([True, False])
    term = losses(estimate, target, FULL, 0, voiced)["sdr"]
    assert torch.isclose(term, losses(estimate[:1], target[:1], FULL[:1], 0)["sdr"])
    term.backward()
    assert estimate.grad[0].abs().max() > 0 and estimate.grad[1].abs().max() == 0
    with torch.no_grad():
        assert losses(estimate, target, FULL, 0, ~voiced | voiced)["sdr"] > term
        assert losses(estimate, target, FULL, 0, voiced & ~voiced)["sdr"] == 0


def test_the_complex_term_compares_compressed_magnitudes_and_phases(losses, sound) -> None:
    """|16 X|^0.3 - |X|^0.3 with equal phase counts twice, 2 |X|^0.3 of opposite phase once."""
    louder = float(losses(16 * sound, sound, FULL, 0)["complex"])
    inverted = float(losses(-sound, sound, FULL, 0)["complex"])
    assert inverted > 1
    assert louder / inverted == pytest.approx(16**COMPRESSION - 1, rel=1e-2)


def test_the_complex_term_is_the_same_at_every_level(losses, sound) -> None:
    noisy = sound + 0.3 * sound.flip(-1)
    loud, quiet = (float(losses(g * noisy, g * sound, FULL, 0)["complex"]) for g in (1.0, 0.05))
    assert loud == pytest.approx(quiet, rel=1e-2)
