"""The report of many restorations as an HTML page: totals, and a row for each recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.report import document

STATUSES = ("done", "up to date", "not restored", "failed")


@dataclass(frozen=True)
class Row:
    """One recording of a report.

    Attributes:
        status: one of STATUSES.
        result: path of the result; empty where there is none.
        seconds: of sound, where it was restored in this run.
        times_real_time: seconds of sound restored in a second.
        lufs_change: loudness gained, in LU.
        same_length: whether the result is as long as the recording, to the sample.
        notes: what to know about it, or why it failed.
        report: address of its own report, as seen from the page; empty where there is none.
    """

    source: str
    status: str
    result: str = ""
    seconds: float | None = None
    times_real_time: float | None = None
    lufs_change: float | None = None
    same_length: bool | None = None
    notes: str = ""
    report: str = ""


def write(path: Path, recipe: str, rows: Sequence[Row], seconds_taken: float) -> Path:
    """Writes the page, whole or not at all.

    Args:
        recipe: what the recordings were restored by, in a few words.
        seconds_taken: by the whole run.

    Returns:
        `path`.

    Raises:
        AudioError: it cannot be written.
    """
    counts = Counter(row.status for row in rows)
    return document.write(
        path, "batch.html", recipe=recipe, rows=rows, seconds_taken=seconds_taken,
        counts=[f"{counts[status]} {status}" for status in STATUSES if counts[status]],
        hours=sum(row.seconds or 0 for row in rows) / 3600,
    )  # fmt: skip
