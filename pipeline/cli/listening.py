"""`python -m pipeline listening FILE ...`: the pooled results of listening tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import command, print_json, printable
from pipeline.cli.options import AsJson

if TYPE_CHECKING:
    from pipeline.evaluation.listening.pooling import Pooled, Rated


def listening(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE ...", help="CSV files of the Listen tab.")
    ],
    as_json: AsJson = False,
) -> None:
    """Pools the answers of several listeners: ABX, MUSHRA and MOS."""
    from pipeline.evaluation.listening import answers, pooling

    with command():
        result = pooling.pooled(answers.read(files))
    if as_json:
        print_json(**asdict(result))
    else:
        _show(result)


def _show(result: Pooled) -> None:
    from pipeline.evaluation.listening.pooling import SCREENING

    abx = [
        (" / ".join(row.pair), row.listener, f"{row.n_correct} of {row.n_trials}",
         "< 0.0001" if row.p_value < 1e-4 else f"{row.p_value:.4f}")
        for row in result.abx
    ]  # fmt: skip
    _table("ABX", ("pair", "listeners", "correct", "p"), abx)
    _rated("MUSHRA", result.mushra)
    for one in result.excluded:
        print(printable(f"Left out: {one.listener}, {one.reason}."))
    if result.mushra or result.excluded:
        print(f"{SCREENING}\n")
    _rated("MOS", result.mos)
    if result.n_unfinished:
        reason = "not finished, or taken twice with one seed"
        print(f"ABX runs that do not count ({reason}): {result.n_unfinished}.")
    if result.n_repeated:
        print(f"Rows that were there twice and count once: {result.n_repeated}.")


def _rated(title: str, rows: tuple[Rated, ...]) -> None:
    shown = []
    for row in rows:
        score = row.score
        interval = "-" if score.low is None else f"{score.low:.2f} to {score.high:.2f}"
        values = (f"{score.mean:.2f}", interval, str(score.n_scores))
        shown.append((row.condition, row.listener, *values))
    _table(title, ("condition", "listeners", "mean", "95 % interval", "scores"), shown)


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        return
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for at, column in enumerate(columns):
        table.add_column(column, justify="right" if at > 1 else "left", no_wrap=at > 1)
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print()
