"""The report of a run as an HTML page: totals, and a row for each recording."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.sound import AudioError
from pipeline.cli.batch import Failure
from pipeline.files import write_atomically
from pipeline.output import make_folder
from pipeline.restoration import RestoredFile

TEMPLATES = Path(__file__).parent / "templates"


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
    """

    source: str
    status: str
    result: str = ""
    seconds: float | None = None
    times_real_time: float | None = None
    lufs_change: float | None = None
    same_length: bool | None = None
    notes: str = ""


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
    """Writes the page, whole or not at all.

    Args:
        recipe: its name or file, as it was given.
        seconds_taken: by the whole run.

    Raises:
        AudioError: it cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader

    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    counts = dict.fromkeys(("done", "up to date", "failed"), 0)
    for row in rows:
        counts[row.status] += 1
    page = templates.get_template("batch_report.html").render(
        recipe=recipe, rows=rows, counts=counts, seconds_taken=seconds_taken,
        hours=sum(row.seconds or 0 for row in rows) / 3600, ended=time.strftime("%Y-%m-%d %H:%M"),
    )  # fmt: skip
    make_folder(path.parent)
    try:
        with write_atomically(path) as temporary:
            temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise AudioError(f"{path}: cannot be written ({error})") from error


def _sorted(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.source)
