"""Loudness against its calibration and pyloudnorm; true peak against closed forms."""

import numpy as np
import pytest

from pipeline.analysis import loudness
from pipeline.audio.sound import Audio


def sine(hz, rate, seconds=3.0, phase=0.0):
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate + phase).astype(np.float32)


def speechlike(channels, rate, seconds=12.0, seed=0):
    rng = np.random.default_rng(seed)
    steps = np.repeat(rng.choice([0.001, 0.02, 0.3], int(seconds * 5)), rate // 5)
    return (0.3 * rng.standard_normal((channels, steps.size)) * steps).astype(np.float32)


def test_full_scale_sine_of_997_hz_reads_minus_3_01_lufs():
    assert loudness.integrated_lufs(Audio(sine(997, 48_000)[None], 48_000)) == pytest.approx(
        -3.01, abs=0.01
    )


def test_two_channels_are_3_db_louder_than_one():
    one = sine(997, 44_100)[None]
    mono = loudness.integrated_lufs(Audio(one, 44_100))
    both = loudness.integrated_lufs(Audio(np.concatenate((one, one)), 44_100))
    assert both - mono == pytest.approx(3.01, abs=0.01)


def test_the_filters_at_48_khz_are_the_recommendation_s_tables():
    shelf, high_pass = loudness.k_weighting(48_000)
    expected = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241,
                0.73248077421585]  # fmt: skip
    assert shelf == pytest.approx(expected, abs=1e-9)
    assert high_pass[3:] == pytest.approx([1, -1.99004745483398, 0.99007225036621], abs=1e-9)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_agrees_with_pyloudnorm(rate, channels, monkeypatch):
    import pyloudnorm

    monkeypatch.setattr(loudness, "SECONDS_AT_ONCE", 2)  # many blocks
    samples = speechlike(channels, rate)
    expected = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(
        samples.T.astype(float)
    )
    assert loudness.integrated_lufs(Audio(samples, rate)) == pytest.approx(expected, abs=0.02)


def test_the_lfe_channel_does_not_count():
    samples = np.zeros((6, 96_000), np.float32)
    samples[3] = sine(60, 48_000, 2)
    assert loudness.integrated_lufs(Audio(samples, 48_000)) is None


@pytest.mark.parametrize("seconds", [0.001, 0.399])
def test_too_short_has_no_loudness(seconds):
    assert loudness.integrated_lufs(Audio(sine(997, 48_000, seconds)[None], 48_000)) is None


def test_silence_has_no_loudness_and_no_peak():
    silence = Audio(np.zeros((2, 48_000), np.float32), 48_000)
    assert loudness.integrated_lufs(silence) is None
    assert loudness.true_peak_dbtp(silence) == float("-inf")


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_true_peak_between_samples_of_a_quarter_rate_sine_is_found(rate):
    wave = sine(rate / 4, rate, phase=np.pi / 4)  # no sample exceeds -3.01 dB
    wave *= np.hanning(wave.size).astype(np.float32)
    assert loudness.true_peak_dbtp(Audio(wave[None], rate)) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("at", [0, 1, 8191, 8192, 20_000, 25_000])
def test_pruned_true_peak_equals_that_of_the_whole_sound_oversampled(at):
    import soxr

    rng = np.random.default_rng(at)
    wave = 0.02 * rng.standard_normal(25_001).astype(np.float32)
    wave[at : at + 4] += 0.9
    whole = soxr.resample(np.pad(wave, 4096), 8_000, 32_000, "HQ")
    expected = 20 * np.log10(max(np.abs(whole).max(), np.abs(wave).max()))
    assert loudness.true_peak_dbtp(Audio(wave[None], 8_000)) == pytest.approx(expected, abs=0.01)
