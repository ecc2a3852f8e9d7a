"""Kaiser's resampling filters: resampy's own output, and what they do to tones."""

from __future__ import annotations

import numpy as np
import pytest
import resampy

from pipeline.dsp.kaiser import BEST, FAST, doubled


@pytest.mark.parametrize(("name", "kaiser"), [("kaiser_fast", FAST), ("kaiser_best", BEST)])
def test_they_are_resampys(name: str, kaiser) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3000)).astype(np.float32)
    expected = resampy.resample(x, 22_050, 44_100, filter=name)
    assert np.abs(doubled(x, kaiser) - expected).max() < 1e-4  # resampy adds in single precision


@pytest.mark.parametrize(("kaiser", "pass_hz"), [(FAST, 8000), (BEST, 9500)])
def test_tones_in_the_band_come_through_without_delay_and_have_no_image(kaiser, pass_hz) -> None:
    at = np.arange(8000)
    tone = np.sin(2 * np.pi * pass_hz * at / 22_050)[None].astype(np.float32)
    expected = np.sin(np.pi * pass_hz * np.arange(16_000) / 22_050)
    error = doubled(tone, kaiser)[0, 500:-500] - expected[500:-500]
    assert 20 * np.log10(np.abs(error).max()) < -45


def test_the_shortest_sound_is_doubled_too() -> None:
    assert doubled(np.ones((1, 1), np.float32)).shape == (1, 2)
