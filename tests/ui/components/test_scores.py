"""The table of metrics."""

from __future__ import annotations

import pytest

from pipeline.audio.sound import Audio
from pipeline.evaluation import score_table
from pipeline.evaluation.compare import Scores
from tests.support.sounds import speech
from ui.components import scores


def test_the_best_of_each_row_is_bold_and_ties_are_not() -> None:
    nan = float("nan")
    first = Scores(1.0, 10.0, 5.0, 3.0, 0.9, 4.0, 0.0, 0.0)
    second = Scores(0.5, 12.0, 5.0, float("-inf"), nan, 4.0, 0.0, 0.0)
    table = scores.table("<b>", {"A": first, "B": second})
    assert "&lt;b&gt;" in table and table.count("<b>") == 4
    for text in ("<td>1.000</td><td><b>0.500</b>", "<td>10.0</td><td><b>12.0</b>", "<b>3.0</b>"):
        assert text in table
    assert "<td>nothing alike</td>" in table and "<td>none</td>" in table


def test_of_a_long_sound_the_beginning_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = Audio(speech(2.0, 16_000), 16_000)
    late = clean.samples.copy()
    late[:, 20_000:] += 0.1  # after the first second
    sounds = {"Late": Audio(late, 16_000)}
    assert "equal" not in scores.compared("All", sounds, clean)
    monkeypatch.setattr(score_table, "LONGEST_S", 1.0)
    text = scores.compared("All", sounds, clean)
    assert "<td>equal</td>" in text and "All, first 0.0166667 minutes" in text
