"""Identities and closed forms of the metrics."""

import numpy as np
import pytest

from pipeline.evaluation import metrics

RATE = 48_000


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32) * 0.1


@pytest.mark.parametrize("decibels", [-7.0, 0.0, 20.0])
def test_snr_of_scaled_noise_is_what_was_mixed(noise, decibels):
    target, other = noise[:1], noise[1:]
    gain = np.sqrt(np.sum(target**2) / np.sum(other**2)) * 10 ** (-decibels / 20)
    assert metrics.snr_db(target + gain * other, target) == pytest.approx(decibels, abs=1e-4)


def test_snr_of_equal_sound_is_infinite_and_of_silence_is_no_number(noise):
    assert metrics.snr_db(noise, noise) == float("inf")
    assert np.isnan(metrics.snr_db(noise, np.zeros_like(noise)))


def test_snr_counts_every_block(noise, monkeypatch):
    whole = metrics.snr_db(noise * 0.9, noise)
    monkeypatch.setattr(metrics, "BLOCK", 7919)
    assert metrics.snr_db(noise * 0.9, noise) == pytest.approx(whole, abs=1e-9) == pytest.approx(20)


def test_segmental_snr_limits_each_frame_and_leaves_silence_out():
    frame = round(0.03 * RATE)
    target = np.ones(4 * frame)
    target[3 * frame :] = 0
    estimate = target.copy()
    estimate[:frame] = 0.9  # 20 dB; the second frame is perfect, 35 dB; the third hopeless, -10 dB
    estimate[2 * frame : 3 * frame] = 101.0
    assert metrics.seg_snr_db(estimate, target, RATE) == pytest.approx((20 + 35 - 10) / 3)


def test_si_sdr_ignores_scale_and_sees_orthogonal_noise(noise):
    target = noise[0].astype(np.float64)
    other = noise[1] - target * (noise[1] @ target) / (target @ target)
    estimate = target + 0.1 * other * np.linalg.norm(target) / np.linalg.norm(other)
    assert metrics.si_sdr_db(estimate, target) == pytest.approx(20, abs=1e-6)
    assert metrics.si_sdr_db(-3.7 * estimate, target) == pytest.approx(20, abs=1e-6)


def test_lsd_of_equal_sound_is_zero_and_of_ten_times_is_two(noise):
    assert metrics.lsd(noise, noise, RATE) == 0
    assert metrics.lsd(10 * noise, noise, RATE) == pytest.approx(2, abs=1e-5)


def test_lsd_equals_the_published_formula(noise):
    import torch

    def log_power(x):
        spectrum = torch.stft(
            torch.from_numpy(x.copy()),
            2048,
            512,
            window=torch.hann_window(2048),
            return_complex=True,
        )
        return spectrum.abs().square().clamp(1e-8).log10()

    estimate, target = noise * np.linspace(0, 1, RATE, dtype=np.float32), noise[::-1]
    expected = (log_power(estimate) - log_power(target)).square().mean(dim=1).sqrt().mean()
    assert metrics.lsd(estimate, target, RATE) == pytest.approx(float(expected), rel=1e-4)


def test_lsd_in_a_band_sees_that_band_only():
    t = np.arange(RATE) / RATE
    low = np.sin(2 * np.pi * 1000 * t)
    both = low + np.sin(2 * np.pi * 20_000 * t)
    middle = slice(4096, -4096)  # without the edges' splash
    assert metrics.lsd(both[middle], low[middle], RATE, high_hz=16_000) < 0.1
    assert metrics.lsd(both[middle], low[middle], RATE, low_hz=19_500, high_hz=20_500) > 1


@pytest.mark.parametrize("length", [1, 2, 100, 1025, 2048 * 3 + 1])
def test_short_sound_has_finite_spectral_distances(length):
    x = np.random.default_rng(1).standard_normal(length)
    assert np.isfinite(metrics.lsd(x, 2 * x, RATE))


def test_l1_and_mse_of_an_offset(noise):
    assert metrics.l1(noise + 0.5, noise) == pytest.approx(0.5, abs=1e-6)
    assert metrics.mse(noise + 0.5, noise) == pytest.approx(0.25, abs=1e-6)


def test_stoi_is_one_for_equal_sound_and_falls_with_noise(noise):
    rate, t = 16_000, np.arange(32_000) / 16_000
    speech = np.sin(2 * np.pi * 4 * t) ** 2 * sum(
        np.sin(2 * np.pi * f * t) for f in range(150, 4000, 150)
    )
    noisy = speech + 10 * np.random.default_rng(2).standard_normal(speech.size)
    assert metrics.stoi(speech, speech, rate) == pytest.approx(1, abs=1e-3)
    assert metrics.stoi(noisy, speech, rate) < 0.8


@pytest.mark.parametrize("frames", [1, 700, 9000])
def test_stoi_of_too_little_sound_is_no_number_and_no_warning(frames, recwarn):
    x = np.random.default_rng(0).standard_normal((1, frames))
    assert np.isnan(metrics.stoi(x, x, RATE)) and not list(recwarn)


def test_shapes_that_differ_and_empty_bands_are_refused(noise):
    with pytest.raises(ValueError, match="same"):
        metrics.l1(noise, noise[:, :-1])
    with pytest.raises(ValueError, match="band"):
        metrics.lsd(noise, noise, RATE, low_hz=25_000)


def test_mel_distance_of_twice_the_level_is_six_decibels(noise):
    assert metrics.mel_distance_db(noise, noise, 48_000) == 0
    found = metrics.mel_distance_db(2 * noise, noise, 48_000, 12_000)
    assert found == pytest.approx(6.02, abs=0.01)
