"""Damage: each kind does what its numbers say, to the sample, the same way each time."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import (
    FAMILIES,
    METHODS,
    BandLimit,
    Crush,
    Echoes,
    HardClip,
    MuLaw,
    Noise,
    Resample,
    SoftClip,
    Telephone,
    equalised,
    noise_floor,
)
from pipeline.degradation.random_chain import generated_damage, random_damage

RATE = 48_000


def tone(frequency_hz: float, seconds: float = 0.5, level: float = 0.3) -> Audio:
    at = np.arange(int(seconds * RATE)) / RATE
    return Audio(level * np.sin(2 * np.pi * frequency_hz * at)[None].astype(np.float32), RATE)


def middle_db(audio: Audio, reference: Audio) -> float:
    """Level of the middle half against the reference's."""
    part = slice(audio.frames // 4, 3 * audio.frames // 4)
    powers = [np.mean(x.samples[:, part].astype(float) ** 2) for x in (audio, reference)]
    return float(10 * np.log10(powers[0] / powers[1]))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("cutoff_hz", [2000.0, 4000.0, 12_000.0])
def test_band_limit_passes_below_and_stops_above_without_delay(family, cutoff_hz) -> None:
    limit = BandLimit(cutoff_hz, family)
    low, high = tone(0.5 * cutoff_hz), tone(1.6 * cutoff_hz)
    assert middle_db(limit(low), low) == pytest.approx(0, abs=0.3)
    assert middle_db(limit(high), high) < -40
    part = slice(6000, 18_000)
    error = limit(low).samples[:, part] - low.samples[:, part]
    assert np.abs(error).max() < 0.05 * 0.3


def test_a_limit_above_the_sound_changes_nothing() -> None:
    sound = tone(1000)
    assert BandLimit(24_000.0)(sound) is sound


def speech_like(seed: int = 0, channels: int = 1) -> Audio:
    """Bursts of coloured noise: wide-band, with onsets by which a lag shows."""
    rng = np.random.default_rng(seed)
    shape_db = np.array([0.0, 0, -30, -50])
    x = noise_floor(rng, (channels, RATE), RATE, np.array([50.0, 600, 6000, 24_000]), shape_db)
    bursts = np.repeat(rng.uniform(0, 1, 20) > 0.4, RATE // 20)
    return Audio((0.2 * x / np.abs(x).max() * bursts).astype(np.float32), RATE)


@pytest.mark.parametrize("bits", [8, 12])
def test_crush_leaves_so_many_steps_and_an_error_of_half_a_step(bits) -> None:
    sound = tone(313.0)
    crushed = Crush(bits)(sound).samples * 2 ** (bits - 1)
    assert np.array_equal(crushed, np.round(crushed))
    assert np.abs(crushed - sound.samples * 2 ** (bits - 1)).max() <= 0.5 + 1e-3


def test_mu_law_keeps_the_ratio_of_error_to_signal_at_any_level() -> None:
    ratios = []
    for level in (0.9, 0.09, 0.02):
        sound = tone(313.0, level=level)
        error = MuLaw()(sound).samples - sound.samples
        ratios.append(10 * np.log10(np.mean(sound.samples**2) / np.mean(error**2)))
    assert min(ratios) > 30
    assert np.ptp(ratios) < 6


def test_a_telephone_passes_its_band_in_place_and_nothing_else() -> None:
    for hz, low_db, high_db in ((1000, -0.5, 0.5), (100, -200, -30), (6000, -200, -30)):
        sound = tone(float(hz), level=0.5)
        made = Telephone()(sound).samples[0, 4800:-4800]
        given = sound.samples[0, 4800:-4800]
        assert low_db < 10 * np.log10(np.mean(made**2) / np.mean(given**2)) < high_db
        if hz == 1000:
            assert 10 * np.log10(np.mean(given**2) / np.mean((made - given) ** 2)) > 30


def test_noise_has_its_level_and_its_slope() -> None:
    silence = Audio(np.zeros((1, 10 * RATE), np.float32), RATE)
    noise = Noise(level_db=-40.0, slope=1.0, seed=3)(silence).samples[0]
    assert 10 * np.log10(np.mean(noise**2)) == pytest.approx(-40, abs=0.1)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octave = [power[n * 10 : 2 * n * 10].mean() for n in (500, 1000, 4000)]
    assert 10 * np.log10(octave[0] / octave[1]) == pytest.approx(3, abs=0.5)
    assert 10 * np.log10(octave[1] / octave[2]) == pytest.approx(6, abs=0.5)


def test_white_floor_has_deviation_one() -> None:
    white = noise_floor(
        np.random.default_rng(0), (2, RATE), RATE, np.array([20.0, 20_000]), np.zeros(2)
    )
    assert white.std() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(white)[0, 1]) < 0.02


@pytest.mark.parametrize("length", [RATE, 20_011])
def test_an_equaliser_is_its_formula_in_double_precision_to_110_db(length) -> None:
    x = speech_like().samples[:, :length]
    knots_hz, gain_db = np.array([60.0, 1000, 9000]), np.array([6.0, -3, 12])
    made = equalised(x, RATE, knots_hz, gain_db)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(length, 1 / RATE), 1))
    gain = 10 ** (np.interp(octaves, np.log2(knots_hz), gain_db) / 20)
    exact = np.fft.irfft(np.fft.rfft(x.astype(float)) * gain, length)
    assert made.dtype == np.float32
    assert 10 * np.log10(np.sum((made - exact) ** 2) / np.sum(exact**2)) < -110


def test_soft_clipping_bends_the_peak_and_leaves_quiet_sound() -> None:
    loud = tone(440.0, level=0.8)
    made = SoftClip(6.0)(loud).samples
    knee = 0.8 / 10 ** (6 / 20)
    assert np.abs(made).max() == pytest.approx(knee * np.tanh(10 ** (6 / 20)), rel=1e-3)
    quiet = np.abs(loud.samples) < 0.02
    np.testing.assert_allclose(made[quiet], loud.samples[quiet], rtol=0.01)


def test_hard_clipping_cuts_the_peaks_and_nothing_else() -> None:
    loud = tone(440.0, level=0.8)
    clipped, limit = HardClip(6.0)(loud).samples, 0.8 * 10 ** (-6 / 20)
    assert np.abs(clipped).max() == pytest.approx(limit, rel=1e-5)
    quiet = np.abs(loud.samples) < 0.99 * limit
    np.testing.assert_array_equal(clipped[quiet], loud.samples[quiet])


@pytest.mark.parametrize("method", METHODS)
def test_a_lower_rate_keeps_what_lies_below_half_of_it_in_place(method) -> None:
    sound = tone(300.0)
    low = Resample(12_000.0, method)(sound)
    error = (low.samples - sound.samples)[:, 2000:-2000]
    late = np.pi * 300 / 12_000 / np.sqrt(2)  # what `hold` is late by, half a step on average
    assert (
        np.sqrt(np.mean(error**2)) / 0.3
        < {"sinc": 1e-3, "linear": 4e-3, "hold": 1.3 * late}[method]
    )


def test_only_a_simple_converter_folds_what_lies_above_back() -> None:
    high = tone(9000.0)
    assert middle_db(Resample(12_000.0)(high), high) < -60
    for method in ("linear", "hold"):
        folded = Resample(12_000.0, method)(high).samples[0, 6000:18_000]
        power = np.abs(np.fft.rfft(folded * np.hanning(folded.size))) ** 2
        assert np.argmax(power) * RATE / folded.size == pytest.approx(3000, abs=10)  # the alias


def test_echoes_follow_the_sound_and_decay() -> None:
    impulse = np.zeros((2, RATE), np.float32)
    impulse[:, 100] = 1
    made = Echoes(decay_s=0.2, mix=20.0, count=12, seed=4)(Audio(impulse, RATE)).samples
    assert not made[:, :100].any() and made[0, 100] == 1
    assert np.count_nonzero(made[0]) == 13 and np.array_equal(made[0], made[1])
    echoes = np.abs(made[0, 101:])
    assert echoes.max() <= 0.2 and echoes[round(0.15 * RATE) :].max() < 0.2 * 10 ** (-3 * 0.74)


@pytest.mark.parametrize("draw", [random_damage, generated_damage])
def test_the_same_seed_does_the_same_damage_and_the_input_stays(draw) -> None:
    clean = speech_like()
    before = clean.samples.copy()
    for seed in range(12):
        chains = [draw(np.random.default_rng(seed)) for _ in range(2)]
        assert chains[0] == chains[1]
        first, second = (chain(clean).samples for chain in chains)
        assert np.array_equal(first, second)
        assert first.shape == clean.samples.shape
    assert np.array_equal(clean.samples, before)


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="cutoff_hz: got 10"):
        BandLimit(10.0)
    with pytest.raises(ValueError, match="bits: got 40"):
        Crush(40)
