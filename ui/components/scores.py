"""A table of metrics: one row a metric, one column a sound, the best of each row in bold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.audio.sound import Audio
from pipeline.evaluation import score_table
from ui.components.rendering import render

if TYPE_CHECKING:
    from pipeline.evaluation.compare import Scores


def compared(title: str, sounds: Mapping[str, Audio], target: Audio) -> str:
    """The table of these sounds, measured against their clean target.

    Raises:
        AudioError: a sound and the target differ in channels or length.
    """
    extent, scores = score_table.measured(sounds, target)
    return table(f"{title}{extent}", scores)


def table(title: str, columns: Mapping[str, Scores]) -> str:
    """The table of these sounds' scores, all against the same reference."""
    rows = score_table.rows(columns)
    return render("components/scores.html", title=title, columns=list(columns), rows=rows)
