"""Figures of separated sound: what stands where."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.evaluation.segment_sdr import SegmentSdr
from pipeline.plots.separation_figures import border_spectrograms, sdr_violin


def test_the_violin_marks_median_mean_and_extremes():
    values = np.array([-30.0, 1, 2, 3, np.inf])
    figure = sdr_violin({"Voice": SegmentSdr(values, np.zeros(5), 0)})
    axes = figure.axes[0]
    drawn = {tuple(map(float, line.get_xdata())) for line in axes.lines}
    assert {(-30.0, 3.0), (1.5,)} <= drawn  # extremes and median, of what is finite
    mean = axes.collections[-1].get_segments()[0]
    assert mean[:, 0] == pytest.approx([-6, -6])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Voice"]


def test_borders_are_red_ticks_and_a_tone_stands_at_its_frequency():
    time_s = np.arange(8000) / 8000
    sound = Audio(np.sin(2 * np.pi * 1000 * time_s)[None].astype(np.float32), 8000)
    figure = border_spectrograms({"M1": (sound, [0.25, 0.5]), "M3": (sound, [])})
    first, second = figure.axes
    red = [line.get_xdata()[0] for line in first.lines if line.get_color() == "red"]
    assert sorted(set(red)) == [0.25, 0.5]
    assert not second.lines
    image = np.asarray(first.images[0].get_array())
    assert set(image[:, 2:-4].argmax(axis=0)) == {64}  # bin 64 of 256 is 1 of 4 kHz
