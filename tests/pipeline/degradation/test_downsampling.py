"""What super-resolution starts from: no delay where none is wanted, and the papers' cut-offs."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation.downsampling import HalfRate, LowRate

RATE = 44_100


def _gain_db(damage, hz: float) -> float:
    tone = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32)[None]
    out = damage(Audio(0.5 * tone, RATE)).samples[:, 8000:-8000]
    return float(20 * np.log10(out.std() / (0.5 * tone.std()) + 1e-9))


def _delay(damage) -> float:
    """In samples, of sound below 3 kHz."""
    from scipy import signal

    taps = signal.firwin(401, 3000, fs=RATE)
    noise = np.convolve(np.random.default_rng(0).standard_normal(RATE), taps, "same") * 0.1
    out = damage(Audio(noise[None].astype(np.float32), RATE)).samples[0]
    lags = np.arange(-20, 21)
    match = [float(np.dot(np.roll(out, -lag), noise)) for lag in lags]
    return float(lags[int(np.argmax(match))])


@pytest.mark.parametrize("frames", [1, 999, 44_101])
@pytest.mark.parametrize("damage", [HalfRate(), LowRate(), LowRate("none"), LowRate("causal")])
def test_the_length_is_kept(damage, frames: int) -> None:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (2, frames)).astype(np.float32)
    out = damage(Audio(x, RATE))
    assert out.samples.shape == x.shape and out.rate == RATE


def test_half_the_rate_has_lost_the_upper_half() -> None:
    assert abs(_gain_db(HalfRate(), 8000)) < 0.1
    assert _gain_db(HalfRate(), 13_000) < -60
    assert _delay(HalfRate()) == 0


@pytest.mark.parametrize("low_pass", ["causal", "zero phase"])
def test_the_papers_low_pass_has_3_db_at_4800_hz_and_12_db_an_octave(low_pass: str) -> None:
    damage = LowRate(low_pass)
    assert _gain_db(damage, 4800) == pytest.approx(-3, abs=0.2)
    assert _gain_db(damage, 300) == pytest.approx(0, abs=0.2)
    assert -16 < _gain_db(damage, 7600) < -8
    assert _gain_db(damage, 9000) < -60


def test_only_the_causal_filter_delays() -> None:
    assert _delay(LowRate("zero phase")) == _delay(LowRate("none")) == 0
    assert _delay(LowRate("causal")) > 0
