"""The report of a run as an HTML page: totals, and a row for each recording."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from pipeline.cli.batch import Failure
from pipeline.cli.batch_run import Finished, Processed
from pipeline.cli.manifest import REPORT, RESULT
from pipeline.remote import scratch, store
from pipeline.remote.address import Address, Location
from pipeline.report import batch
from pipeline.report.batch import Row
from pipeline.report.report import report_path
from pipeline.restoration import RestoredFile


def rows(
    results: Sequence[Processed[RestoredFile]], up_to_date: Finished, failures: Sequence[Failure]
) -> list[Row]:
    """The rows of a run: failures first, all in the order of their names."""
    failed = [
        Row(str(one.source), "failed", notes=one.error.removeprefix(f"{one.source}: "))
        for one in failures
    ]
    done = [_done(one.done, str(one.source), one.files) for one in results]
    kept = [
        Row(str(job.source), "up to date", str(files[RESULT]), report=_report(files))
        for job, files in up_to_date.items()
    ]
    return [*_sorted(failed), *_sorted([*done, *kept])]


def write(path: Location, recipe: str, rows: Sequence[Row], seconds_taken: float) -> None:
    """Writes the page, whole or not at all, with a link to each recording's own report.

    Args:
        recipe: its name or file, as it was given.
        seconds_taken: by the whole run.

    Raises:
        AudioError: it cannot be written.
    """
    if isinstance(path, Address):
        with scratch.folder() as folder:
            linked = [replace(row, report=_link_below(row, path.parent)) for row in rows]
            page = batch.write(folder / path.name, recipe, linked, seconds_taken)
            store.put_up(page, path)
    else:
        linked = [replace(row, report=_link(row, path.parent)) for row in rows]
        batch.write(path, recipe, linked, seconds_taken)


def _done(done: RestoredFile, source: str, files: Mapping[str, Location]) -> Row:
    guarantee = done.guarantee
    return Row(
        source, "done", str(files[RESULT]), done.seconds, guarantee.times_real_time,
        guarantee.lufs_change, guarantee.same_length, " ".join(done.notes), _report(files),
    )  # fmt: skip


def _report(files: Mapping[str, Location]) -> str:
    return str(files[REPORT]) if REPORT in files else ""


def _link(row: Row, folder: Path) -> str:
    """The address of a recording's own report as seen from a folder; "" where there is none."""
    report = report_path(Path(row.result)) if row.result else None
    return quote(os.path.relpath(report, folder)) if report and report.is_file() else ""


def _link_below(row: Row, folder: Address) -> str:
    """The same where the page lies in a store."""
    return quote(row.report.removeprefix(f"{folder}/")) if row.report else ""


def _sorted(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.source)
