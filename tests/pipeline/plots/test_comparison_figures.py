"""Pictures of several sounds: one colour scale, a curve each, and any two against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.audio.sound import Audio
from pipeline.plots import comparison_figures, regions
from pipeline.plots.panels import ColourScale

RATE = 8000


def sine(amplitude: float, rate: int = RATE) -> Audio:
    time_s = np.arange(2 * rate) / rate
    return Audio((amplitude * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)[None], rate)


SOUNDS = [("Loud", sine(0.5)), ("Quiet", sine(0.05)), ("Other rate", sine(0.5, 2 * RATE))]


def test_equal_levels_have_equal_colours_whatever_their_rate_and_place(tmp_path: Path) -> None:
    *maps, average = comparison_figures.draw_all(SOUNDS, tmp_path)
    assert [picture.title for picture in maps] == ["Loud", "Quiet", "Other rate"]
    assert len({picture.scale for picture in maps}) == 1 and maps[0].y.high == RATE
    loud, quiet, other = (np.asarray(Image.open(picture.light)).max() for picture in maps)
    assert abs(int(loud) - int(other)) <= 1
    assert (int(loud) - int(quiet)) * 90 / 255 == pytest.approx(20, abs=0.5)  # dB
    assert [curve.label for curve in average.key] == ["Loud", "Quiet", "Other rate"]
    assert len({curve.light for curve in average.key}) == 3


def test_two_of_them_are_drawn_against_each_other(tmp_path: Path) -> None:
    pictures = comparison_figures.draw_pair(SOUNDS[0], SOUNDS[1], tmp_path)
    assert [picture.title for picture in pictures] == [
        "Quiet against Loud", "Waveforms", "Difference, Quiet \u2212 Loud",
    ]  # fmt: skip


def test_zoomed_in_the_change_is_that_of_the_chosen_pair() -> None:
    sounds, region = [sine(0.5), sine(0.05), sine(0.5)], regions.Region(0, 1, 0, 4000, 50)
    scale = ColourScale("dB", -90, 0)
    same = regions.pictures(sounds, region, scale, (0, 2))
    assert len(same) == 5 and same[-2:] != regions.pictures(sounds, region, scale, (0, 1))[-2:]
    assert same[-2:] == regions.pictures([sounds[0]] * 2, region, scale)[-2:]
