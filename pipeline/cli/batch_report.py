"""The report of a run as an HTML page: totals, and a row for each recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from pipeline.cli.batch import Failure
from pipeline.report import document
from pipeline.report.report import report_path
from pipeline.restoration import RestoredFile


@dataclass(frozen=True)
class Row:
    """One recording of a report.

    Attributes:
        status: "done", "up to date" or "failed".
        result: path of the result; empty where there is none.
        seconds: of sound, where it was restored in this run.
        times_real_time: seconds of sound restored in a second.
        lufs_change: loudness gained, in LU.
        same_length: whether the result is as long as the recording, to the sample.
        notes: what to know about it, or why it failed.
        report: address of its own report, from where the page lies; empty where there is none.
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


def rows(
    results: Sequence[RestoredFile],
    up_to_date: Sequence[tuple[Path, Path]],
    failures: Sequence[Failure],
) -> list[Row]:
    """The rows of a run: failures first, all in the order of their names."""
    failed = [
        Row(str(one.source), "failed", notes=one.error.removeprefix(f"{one.source}: "))
        for one in failures
    ]
    done = [
        Row(
            str(one.source), "done", str(one.path), one.seconds, one.guarantee.times_real_time,
            one.guarantee.lufs_change, one.guarantee.same_length, " ".join(one.notes),
        )
        for one in results
    ]  # fmt: skip
    kept = [Row(str(source), "up to date", str(path)) for source, path in up_to_date]
    return [*_sorted(failed), *_sorted([*done, *kept])]


def write(path: Path, recipe: str, rows: Sequence[Row], seconds_taken: float) -> None:
    """Writes the page, whole or not at all, with a link to each recording's own report.

    Args:
        recipe: its name or file, as it was given.
        seconds_taken: by the whole run.

    Raises:
        AudioError: it cannot be written.
    """
    counts = dict.fromkeys(("done", "up to date", "failed"), 0)
    for row in rows:
        counts[row.status] += 1
    linked = [replace(row, report=_link(row, path.parent)) for row in rows]
    document.write(
        path, "batch.html", recipe=recipe, rows=linked, counts=counts,
        seconds_taken=seconds_taken, hours=sum(row.seconds or 0 for row in rows) / 3600,
    )  # fmt: skip


def _link(row: Row, folder: Path) -> str:
    """The address of a recording's own report as seen from a folder; "" where there is none."""
    report = report_path(Path(row.result)) if row.result else None
    if report is None or not report.is_file():
        return row.report
    return quote(os.path.relpath(report, folder))


def _sorted(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.source)
