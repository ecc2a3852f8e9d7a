"""Measurements of a version, and which of a column is the best."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.evaluation import dnsmos
from tests.support.sounds import speech
from ui.compare import measures
from ui.compare.measures import Column, Measures

NOTHING = Measures(None, 8000.0, None, None, None, None, None)


def column(better: str) -> Column:
    return Column("s", "s", "", better, lambda one: one.seconds_taken, lambda value: f"{value:.1f}")


@pytest.mark.parametrize(
    ("better", "taken", "best"),
    [
        (measures.HIGHER, [1.0, 3.0, None], [False, True, False]),
        (measures.LOWER, [1.0, 3.0, math.nan], [True, False, False]),
        (measures.LOWER, [2.01, 2.04, 3.0], [True, True, False]),
        (measures.LOWER, [2.01, 2.04], [False, False]),
        (measures.NEITHER, [1.0, 3.0], [False, False]),
    ],
)
def test_the_best_is_bold_as_it_is_shown_and_none_where_all_are_equal(better, taken, best) -> None:
    rows = [replace(NOTHING, seconds_taken=one) for one in taken]
    cells = measures.cells(rows, column(better))
    assert [is_best for _, is_best in cells] == best
    dashes = [text == "\u2013" for text, _ in cells]
    assert dashes == [one is None or math.isnan(one) for one in taken]


def test_the_change_is_that_of_the_level_and_counts_what_a_higher_rate_adds() -> None:
    before = Audio(speech(1.0, 16_000), 16_000)
    half = Audio(0.5 * before.samples, 16_000)
    assert measures.change_db(before, half) == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert measures.change_db(before, before) == -math.inf
    up = resample(before, 48_000)
    assert measures.change_db(before, up) == -math.inf
    time_s = np.arange(up.frames) / 48_000
    added = 0.1 * np.sin(2 * np.pi * 12_000 * time_s).astype(np.float32)
    energy = np.mean(added**2) / np.mean(up.samples**2)
    bright = Audio(up.samples + added, 48_000)
    assert measures.change_db(before, bright) == pytest.approx(10 * np.log10(energy), abs=0.01)


def test_columns_without_a_value_are_left_out_and_dnsmos_is_one_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = Audio(speech(1.2, 16_000), 16_000)
    monkeypatch.setattr(measures, "has_dnsmos", lambda: False)
    without = measures.measure(sound, None, None, None)
    labels = [one.name for one in measures.columns([without], measures.OF_THE_SOUND)]
    assert labels == ["bandwidth_hz", "lufs"] and without.scores is None
    monkeypatch.setattr(measures, "has_dnsmos", lambda: True)
    monkeypatch.setattr(dnsmos, "dnsmos", lambda audio: dnsmos.Opinion(3.5, 4.0, 3.0))
    assert measures.measure(sound, None, None, None).dnsmos == 3.5
