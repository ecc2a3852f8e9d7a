"""Noise floors: what is measured of a known floor is that floor, and drawn ones have the level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.degradation.effects import noise_floor
from training.data.clips import Clip
from training.data.room_noise import KNOTS_HZ, REFERENCE, Rooms, measure, synthetic_floor

RATE = 48_000
SHAPE_DB = np.interp(np.log(KNOTS_HZ), np.log([60, 4000, 24_000]), [-60.0, -80, -70])


def spoken(floor_db: np.ndarray, group: str = "studio_a", kind: str = "speech") -> Clip:
    """Ten seconds: bursts of loud noise that peak at one half, half of the time, on a floor."""
    rng = np.random.default_rng(0)
    x = noise_floor(rng, (1, 10 * RATE), RATE, KNOTS_HZ, floor_db)[0]
    bursts = np.repeat(np.arange(20) % 2, RATE // 2)
    loud = np.clip(0.1 * rng.standard_normal(10 * RATE), -0.4, 0.4) * bursts
    samples = (x + loud).astype(np.float32)
    samples[RATE // 2 + 100] = 0.5
    return Clip(Path(f"{group}.wav"), samples, 24_000, group, kind)


def test_a_known_floor_is_measured_to_a_decibel_and_a_half() -> None:
    floor_db, range_db = measure(spoken(SHAPE_DB).samples, spoken(SHAPE_DB).peak, RATE)
    assert floor_db[2:] == pytest.approx(SHAPE_DB[2:], abs=1.5)
    assert range_db > 40


def test_level_does_not_matter_since_files_are_brought_to_one_peak() -> None:
    samples = spoken(SHAPE_DB).samples
    peak = float(np.abs(samples).max())
    quieter = measure(0.1 * samples, 0.1 * peak, RATE)[0]
    assert measure(samples, peak, RATE)[0] == pytest.approx(quieter, abs=0.1)


def test_only_speech_with_pauses_and_a_floor_tells_of_a_room() -> None:
    steady = Clip(Path("s"), spoken(SHAPE_DB + 60).samples, 24_000, "hum_a", "speech")
    silent = spoken(SHAPE_DB - 100, "booth_a")
    music = spoken(SHAPE_DB, "band_a", "music")
    narrow = Clip(Path("n"), spoken(SHAPE_DB).samples, 8000, "phone_a", "speech")
    rooms = Rooms([spoken(SHAPE_DB), steady, silent, music, narrow], RATE)
    assert list(rooms.measured) == ["studio"]


def test_drawn_floors_are_finite_repeat_and_span_a_wide_range_of_levels() -> None:
    rooms = Rooms([spoken(SHAPE_DB)], RATE)
    first, second = (rooms.draw(np.random.default_rng(5), 4800) for _ in range(2))
    assert np.array_equal(first, second)
    levels = [
        10 * np.log10(np.mean(rooms.draw(np.random.default_rng(seed), 9600) ** 2))
        for seed in range(60)
    ]
    assert np.isfinite(levels).all()
    assert np.ptp(levels) > 25


def test_most_drawn_floors_cover_that_of_the_recording() -> None:
    clip = spoken(SHAPE_DB - 10)
    own_db = measure(clip.samples, clip.peak, RATE)[0][REFERENCE]
    rooms = Rooms([], RATE)

    def levels(of: Clip | None) -> np.ndarray:
        drawn = (rooms.draw(np.random.default_rng(seed), RATE // 2, of) for seed in range(40))
        bands = (np.abs(np.fft.rfft(x))[1400:1600] for x in drawn)  # 2.8 to 3.2 kHz
        return np.array([10 * np.log10(np.mean(band**2) / (RATE // 2)) for band in bands])

    assert np.mean(levels(clip) > own_db - 3) > 0.8
    assert np.mean(levels(None) > own_db - 3) < 0.7


def test_synthetic_floors_fall_to_four_kilohertz() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        colour_db = synthetic_floor(rng)
        below = colour_db[KNOTS_HZ <= 4000]
        assert (np.diff(below) <= 1e-9).all()
        assert np.ptp(colour_db[KNOTS_HZ >= 4000]) < 25
