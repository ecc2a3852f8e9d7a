"""The Listen tab's pieces of HTML: the items, and the results of one or many listeners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.evaluation.listening.answers import BEST_SCORE, MOS, MUSHRA, SCALES
from pipeline.evaluation.listening.pooling import ALL, SCREENING, Abx, Pooled, Rated
from pipeline.evaluation.listening.statistics import Mean
from ui.components.rendering import render
from ui.listen.items import Versions, conditions_of, items_of

VOTES = ("Bad", "Poor", "Fair", "Good", "Excellent")
LIKELY = 0.05
"""A p-value below this counts as a difference that was heard."""


def items_table(versions: Versions) -> str:
    """The items with their conditions; what one of them lacks is named."""
    if not versions:
        return ""
    conditions = conditions_of(versions)
    rows = []
    for item in items_of(versions):
        there = [one.condition for one in versions if one.item == item]
        rows.append({"item": item, "there": there, "lacks": sorted({*conditions} - {*there})})
    return render("listen/items.html", rows=rows)


def results(result: Pooled, title: str, details: str) -> str:
    """The results, whoever gave the answers.

    Args:
        title: whose they are.
        details: what else to know.
    """
    return render(
        "listen/results.html",
        title=title,
        details=details,
        abx=[_abx(row) for row in result.abx if row.listener == ALL],
        abx_each=[_abx(row) for row in result.abx if row.listener != ALL],
        mushra=[_rated(row, *SCALES[MUSHRA]) for row in _overall(result.mushra)],
        mushra_each=[_rated(row, *SCALES[MUSHRA]) for row in _single(result.mushra)],
        mos=[_rated(row, *SCALES[MOS]) for row in _overall(result.mos)],
        mos_each=[_rated(row, *SCALES[MOS]) for row in _single(result.mos)],
        excluded=result.excluded,
        screening=SCREENING,
        n_repeated=result.n_repeated,
        n_unfinished=result.n_unfinished,
    )


def _overall(rows: Sequence[Rated]) -> list[Rated]:
    """All listeners' means, the best first."""
    overall = [row for row in rows if row.listener == ALL]
    return sorted(overall, key=lambda row: -row.score.mean)


def _single(rows: Sequence[Rated]) -> list[Rated]:
    return [row for row in rows if row.listener != ALL]


def _abx(row: Abx) -> dict[str, Any]:
    return {
        "pair": " and ".join(row.pair),
        "listener": row.listener,
        "correct": f"{row.n_correct} of {row.n_trials}",
        "p": "p < 0.0001" if row.p_value < 1e-4 else f"p = {row.p_value:.4f}",
        "heard": row.p_value < LIKELY,
        "guessing": "less than 0.01" if row.p_value < 1e-4 else f"{100 * row.p_value:.2g}",
    }


def _rated(row: Rated, low: int, high: int) -> dict[str, Any]:
    def share(value: float) -> str:
        return f"{100 * min(max((value - low) / (high - low), 0), 1):.2f}"

    score = row.score
    return {
        "condition": row.condition,
        "listener": row.listener,
        "mean": _number(score.mean, high),
        "interval": _interval(score, high),
        "count": score.n_scores,
        "at": share(score.mean),
        "low": share(score.low if score.low is not None else score.mean),
        "high": share(score.high if score.high is not None else score.mean),
        "votes": _votes(row.counts) if row.counts else [],
        "pie": _pie(row.counts) if row.counts else "",
    }


def _number(value: float, high: int) -> str:
    return f"{value:.1f}" if high == BEST_SCORE else f"{value:.2f}"


def _interval(score: Mean, high: int) -> str:
    if score.low is None or score.high is None:
        return "one score has no interval"
    return f"{_number(score.low, high)} to {_number(score.high, high)}"


def _votes(counts: Sequence[int]) -> list[dict[str, Any]]:
    """The histogram's bars, from 1 to 5."""
    return [
        {
            "vote": vote, "text": text, "count": count,
            "share": f"{100 * count / sum(counts):.0f}",
            "height": f"{100 * count / max(counts):.1f}",
        }
        for vote, (text, count) in enumerate(zip(VOTES, counts, strict=True), 1)
    ]  # fmt: skip


def _pie(counts: Sequence[int]) -> str:
    """The pie chart's CSS gradient."""
    parts, start = [], 0.0
    for vote, count in enumerate(counts, 1):
        end = start + 100 * count / sum(counts)
        parts.append(f"var(--wml-vote-{vote}) {start:.2f}% {end:.2f}%")
        start = end
    return f"conic-gradient({', '.join(parts)})"
