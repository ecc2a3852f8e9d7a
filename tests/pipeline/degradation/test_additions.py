"""What is added to a recording: at the level asked for, the same each time, silence kept silent."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation.additions import CLICKS, Clicks, Dither, Hum, NoiseAtSnr
from tests.support.sounds import speech

RATE = 48_000


def voice(channels: int = 2) -> Audio:
    return Audio(np.concatenate([speech(2.0, seed=seed) for seed in range(channels)]), RATE)


@pytest.mark.parametrize(("snr_db", "slope"), [(-5.0, 0.0), (20.0, 1.5)])
def test_noise_is_at_its_ratio_whatever_its_colour_and_the_level(snr_db, slope) -> None:
    for gain in (1.0, 0.01):
        clean = Audio(voice().samples * np.float32(gain), RATE)
        noise = NoiseAtSnr(snr_db, slope)(clean).samples - clean.samples
        ratio = np.mean(clean.samples**2) / np.mean(noise**2)
        assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.05)


def test_dither_is_white_and_faint() -> None:
    silence = Audio(np.zeros((1, RATE), np.float32), RATE)
    noise = Dither(-93.0, seed=2)(silence).samples[0]
    assert 10 * np.log10(np.mean(noise**2)) == pytest.approx(-93, abs=0.1)
    power = np.abs(np.fft.rfft(noise)) ** 2
    assert power[:8000].mean() == pytest.approx(power[-8000:].mean(), rel=0.1)


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_hum_is_its_harmonics_at_its_level_alike_in_all_channels(mains_hz) -> None:
    silence = Audio(np.zeros((2, RATE), np.float32), RATE)
    hum = Hum(mains_hz, -40.0, harmonics=3)(silence).samples
    assert np.array_equal(hum[0], hum[1])
    assert 10 * np.log10(np.mean(hum[0].astype(float) ** 2)) == pytest.approx(-40, abs=0.05)
    amplitude = np.abs(np.fft.rfft(hum[0])) / RATE * 2
    lines = amplitude[mains_hz * np.arange(1, 5)]  # bins are 1 Hz apart
    np.testing.assert_allclose(lines[:3] * [1, 2, 3] / lines[0], 1, rtol=1e-3)
    assert lines[3] < 1e-3 * lines[0]


@pytest.mark.parametrize("kind", CLICKS)
def test_clicks_are_as_many_and_as_loud_as_asked(kind) -> None:
    clean = voice(1)
    damage = Clicks(kind, per_minute=600.0, level=50.0, seed=1)(clean).samples - clean.samples
    hit = np.flatnonzero(np.abs(damage[0]) > 1e-4)
    clicks = 1 + np.count_nonzero(np.diff(hit) > 0.003 * RATE)
    assert 12 <= clicks <= 20  # 20 in two seconds, some of them on top of each other
    assert np.abs(damage).max() <= 0.55 * np.abs(clean.samples).max()


@pytest.mark.parametrize("damage", [NoiseAtSnr(), Dither(), Hum(), Clicks()], ids=str)
def test_another_seed_is_another_damage(damage) -> None:
    again, other = type(damage)(), type(damage)(seed=1)
    first = damage(voice()).samples
    assert np.array_equal(first, again(voice()).samples)
    assert not np.array_equal(first, other(voice()).samples)
