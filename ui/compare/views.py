"""The Compare tab's pieces of HTML: the recording's facts, and the tables of measurements."""

from __future__ import annotations

from typing import Any

from pipeline.evaluation import score_table
from ui.compare import measures
from ui.compare.measures import AGAINST_REFERENCE, OF_THE_SOUND
from ui.compare.result import Comparison
from ui.components.player import KEYS
from ui.components.rendering import render

GROUPS = (
    ("Against the reference", AGAINST_REFERENCE),
    ("Of the sound itself", OF_THE_SOUND),
)


def tables(comparison: Comparison) -> str:
    """A table against the reference, if there is one, and one of the sounds themselves."""
    measured = [one.measures for one in comparison.versions if one.measures]
    groups = [
        (title, columns)
        for title, group in GROUPS
        if (columns := measures.columns(measured, group))
    ]
    return render(
        "compare/measures.html",
        tables=[_table(comparison, *group, not at) for at, group in enumerate(groups)],
        notes=_notes(comparison),
        has_reference=comparison.reference is not None,
    )


def _table(
    comparison: Comparison, title: str, columns: list[measures.Column], with_failed: bool
) -> dict[str, Any]:
    """One table; what could not be run has a row in the first one only."""
    measured = [one.measures for one in comparison.versions if one.measures]
    by_column = [measures.cells(measured, column) for column in columns]
    cells = iter(list(zip(*by_column, strict=True)))
    keys = iter(KEYS)
    rows = [
        {
            "key": next(keys) if one.measures else "",
            "title": one.title,
            "note": _note(comparison, at),
            "problem": one.problem,
            "cells": next(cells) if one.measures else (),
        }
        for at, one in enumerate(comparison.versions)
        if one.measures or with_failed
    ]
    return {"title": title, "columns": columns, "rows": rows}


def _note(comparison: Comparison, at: int) -> str:
    """What to know of one version: its rate where rates differ, and what was done to it."""
    one = comparison.versions[at]
    if one.audio is None:
        return ""
    rate = f"{one.audio.rate / 1000:g} kHz" if len(_rates(comparison)) > 1 else ""
    return " ".join(text for text in (f"{rate}." if rate and one.note else rate, one.note) if text)


def _rates(comparison: Comparison) -> set[int]:
    audios = [one.audio for one in comparison.versions] + [comparison.reference]
    return {audio.rate for audio in audios if audio is not None}


def _notes(comparison: Comparison) -> list[str]:
    """What to know of all tables."""
    notes, rates = [], _rates(comparison)
    if len(rates) > 1:
        notes.append(
            f"Rates differ: for listening, pictures and differences all is resampled to "
            f"{max(rates) / 1000:g} kHz. Downloads keep their own rate."
        )
    reference = comparison.reference
    if reference is not None:
        at = f"Scores are taken at the reference's {reference.rate / 1000:g} kHz"
        limit = score_table.LONGEST_S / 60
        long = reference.seconds > score_table.LONGEST_S
        notes.append(f"{at}, of the first {limit:g} minutes." if long else f"{at}.")
    return notes
