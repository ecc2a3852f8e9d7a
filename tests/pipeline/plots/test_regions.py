"""Stretches at any zoom: the same sound, closer, and never more work than the picture needs."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.plots import regions
from pipeline.plots.figures import CHANGE_SCALE, change_db
from pipeline.plots.panels import ColourScale
from pipeline.plots.regions import ROWS, Region

RATE = 16_000


def sine(hz: float, seconds: float = 4.0) -> Audio:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return Audio(np.sin(2 * np.pi * hz * time_s, dtype=np.float32)[None], RATE)


def test_a_tone_lies_where_its_frequency_is_at_any_zoom() -> None:
    for low, high in ((0.0, 8000.0), (900.0, 1300.0)):
        image = regions.spectrogram(sine(1000), Region(1.0, 3.0, low, high, 100))
        assert image.shape == (ROWS, 100)
        row = image.mean(axis=1).argmax()
        assert low + (row + 0.5) * (high - low) / ROWS == pytest.approx(
            1000, abs=0.02 * (high - low)
        )


def test_few_samples_are_shown_each() -> None:
    audio = sine(440)
    (shape,) = regions.envelopes([audio], Region(1.0, 1.0 + 100 / RATE, 0, 8000))
    assert np.array_equal(shape[:, 0], audio.samples[0, RATE : RATE + 100])
    assert np.array_equal(shape[:, 0], shape[:, 1])


def test_a_region_is_fitted_into_the_sound_and_nonsense_is_refused() -> None:
    fitted = Region(-5, 1e9, 7000, 100, 10**9).fitted(4.0, 8000.0, RATE)
    assert (fitted.start_s, fitted.end_s) == (0.0, 4.0)
    assert 0 <= fitted.low_hz < fitted.high_hz <= 8000 and fitted.columns == regions.MOST_COLUMNS
    tiny = Region(9.0, 9.0, 0, 8000).fitted(4.0, 8000.0, RATE)
    assert tiny.end_s == 4.0 and tiny.end_s - tiny.start_s == pytest.approx(16 / RATE)
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            Region(bad, 1.0, 0, 8000).fitted(4.0, 8000.0, RATE)


def test_the_change_is_the_ratio_in_db_and_silence_is_no_change() -> None:
    before, after = np.array([-20.0, -200.0, -200.0]), np.array([-26.0, -130.0, -40.0])
    assert change_db(before, after, -100.0).tolist() == [-6.0, 0.0, 60.0]
    half = Audio(sine(1000).samples * np.float32(0.5), RATE)
    pngs = regions.pictures([sine(1000), half], Region(0, 4, 0, 8000, 50), ColourScale("", -90, 0))
    assert len(pngs) == 4 and all(png.startswith(b"\x89PNG") for png in pngs)
    assert CHANGE_SCALE[1:3] == (-30.0, 30.0)
