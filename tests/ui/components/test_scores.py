"""The table of metrics."""

from __future__ import annotations

from pipeline.evaluation.compare import Scores
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
