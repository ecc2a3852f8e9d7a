"""The report of `training.data.check` as text for a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from training.data.check import Report
from training.data.clips import LEFT_OUT
from training.data.inspection import CARE, USED, Row

MOST_ROWS = 40
PLAIN_WIDTH = 140  # where there is no terminal to ask
COLOURS = {USED: "green", CARE: "yellow", LEFT_OUT: "red"}


@contextlib.contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr while a dataset is read; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=quiet or not console.is_terminal)
    with bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda fraction: bar.update(task, completed=fraction)


def show(report: Report, everything: bool = False) -> None:
    """Prints files left out or used with care, then the others, then totals and warnings.

    Args:
        everything: list every file; else the first `MOST_ROWS`.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    order = (LEFT_OUT, CARE, USED)
    rows = sorted(report.rows, key=lambda row: (order.index(row.verdict), row.name))
    shown = rows if everything else rows[:MOST_ROWS]
    table = Table(box=None, pad_edge=False)
    for title in ("file", "length", "rate", "ch", "reaches", "verdict", "why"):
        left = title in ("file", "verdict", "why")
        table.add_column(title, justify="left" if left else "right", overflow="fold")
    for row in shown:
        cells = [Text(cell.encode(errors="replace").decode()) for cell in _cells(row)]
        table.add_row(*cells[:-1], Text(row.verdict, COLOURS[row.verdict]), cells[-1])
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    console.print(table)
    if len(rows) > len(shown):
        console.print(f"... and {len(rows) - len(shown)} more; --all lists them")
    console.print()
    for line in _summary(report):
        console.print(line)
    for line in report.warnings:
        console.print(Text(f"! {line}", "yellow"))


def _cells(row: Row) -> tuple[str, ...]:
    why = "; ".join(row.reasons)
    if not row.rate:
        return row.name, "-", "-", "-", "-", why
    minutes, seconds = divmod(row.seconds, 60)
    reaches = f"{row.bandwidth_hz / 1000:.1f} kHz"
    return (
        row.name,
        f"{minutes:.0f}:{seconds:04.1f}",
        str(row.rate),
        str(row.channels),
        reaches,
        why,
    )


def _summary(report: Report) -> Iterator[str]:
    totals, split = report.totals, report.split
    yield (
        f"{totals.files} files ({report.kind}): {totals.used} used, "
        f"{totals.used_with_care} with care, {totals.left_out} left out; "
        f"{totals.used_minutes:g} of {totals.minutes:g} minutes"
    )
    if totals.used + totals.used_with_care:
        rates = ", ".join(f"{count} at {rate} Hz" for rate, count in totals.rates.items())
        words = {"1": "mono", "2": "stereo"}
        channels = ", ".join(
            f"{count} {words.get(number, f'of {number} channels')}"
            for number, count in totals.channels.items()
        )
        yield f"{rates}; {channels}"
        yield (
            f"split by {split.by}: {len(split.trained)} to train on, "
            f"{len(split.held_out)} held out ({_few(split.held_out)})"
        )


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "none"
