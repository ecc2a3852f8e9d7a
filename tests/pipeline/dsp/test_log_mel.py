"""Log-mel spectra: level does not matter, a tone is where it belongs, any length is taken."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dsp.log_mel import BANDS, HOP, N_FFT, RATE, log_mel


def test_level_does_not_matter_and_silence_is_zero(rng: np.random.Generator) -> None:
    noise = rng.standard_normal(RATE).astype(np.float32)
    assert np.allclose(log_mel(noise), log_mel(noise / 64), atol=1e-4)
    assert not log_mel(np.zeros(RATE, np.float32)).any()


@pytest.mark.parametrize(("low_hz", "high_hz"), [(300, 600), (1000, 4000)])
def test_a_higher_tone_is_in_a_higher_band(low_hz: float, high_hz: float) -> None:
    at = np.arange(RATE) / RATE
    bands = [
        int(log_mel(np.sin(2 * np.pi * hz * at).astype(np.float32)).mean(axis=1).argmax())
        for hz in (low_hz, high_hz)
    ]
    assert 0 < bands[0] < bands[1] < BANDS - 1


@pytest.mark.parametrize("length", [1, N_FFT, N_FFT + HOP, 7 * RATE])
def test_any_length_has_a_spectrum(length: int) -> None:
    spectrum = log_mel(np.ones(length, np.float32))
    assert spectrum.shape == (BANDS, 1 + max(0, length - N_FFT) // HOP)
    assert spectrum.dtype == np.float32 and np.isfinite(spectrum).all()
