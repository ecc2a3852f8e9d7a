"""What is said of pictures: the levels of known sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.plots import descriptions, figures
from pipeline.plots.pooling import spectrum

RATE = 48_000


def sine(hz: float, level: float) -> Audio:
    """A tone over a faint noise."""
    time_s = np.arange(RATE) / RATE
    noise = 1e-4 * np.random.default_rng(0).standard_normal(RATE)
    tone = level * np.sin(2 * np.pi * hz * time_s) + noise
    return Audio(tone.astype(np.float32)[None], RATE)


def test_the_band_of_a_tone_has_its_level_and_the_others_are_far_below() -> None:
    said = descriptions.levels(spectrum(sine(2000, 0.5), 50), RATE / 2)
    values = {}
    for part in said.split(", "):
        name, level, unit = part.rsplit(" ", 2)
        assert unit == "dB"
        values[name] = float(level)
    assert list(values) == [
        "below 1 kHz",
        "1 to 4 kHz",
        "4 to 8 kHz",
        "8 to 16 kHz",
        "16 to 24 kHz",
    ]
    others = [level for name, level in values.items() if name != "1 to 4 kHz"]
    assert values["1 to 4 kHz"] > max(others) + 20


def test_only_bands_that_the_rate_holds_are_named_and_silence_is() -> None:
    silence = Audio(np.zeros((1, 8000), np.float32), 8000)
    said = descriptions.levels(spectrum(silence, 10), 4000)
    assert said == "below 1 kHz silent, 1 to 4 kHz silent"


def test_the_change_is_what_the_gain_was() -> None:
    low, high = (spectrum(sine(2000, level), 50) for level in (0.25, 0.5))
    assert "1 to 4 kHz +6 dB" in descriptions.change(low, high, RATE / 2)


def test_every_picture_is_described_with_numbers(tmp_path: Path) -> None:
    pictures = figures.draw(sine(2000, 0.25), sine(2000, 0.5), tmp_path)
    assert all(any(mark in p.description for mark in ("dB", "%")) for p in pictures)
    assert len({picture.description for picture in pictures}) == len(pictures)
    waveform = next(picture for picture in pictures if picture.title == "Waveforms")
    assert "Degraded 25 %, Restored 50 %" in waveform.description
