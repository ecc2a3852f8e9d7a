"""`python -m training experiment NAME`: measurements that the documentation quotes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import checkpoint_folder, one_line_errors

BASE = "enhancer-speech-48k"
app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Measurements that the documentation quotes."""


@app.command()
def five_minutes(
    folder: Annotated[Path, typer.Argument(help="Clean recordings, five minutes or more.")],
    base: Annotated[str, typer.Option(help="Checkpoint to start from.")] = BASE,
    damage: Annotated[str, typer.Option(help="Task: world, music, telephone or codec.")] = "world",
    minutes: Annotated[float, typer.Option(help="Length of the run.")] = 5.0,
    steps: Annotated[int | None, typer.Option(help="Length in steps, instead of minutes.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder; default: a new one.")] = None,
) -> None:
    """Fine-tunes on own recordings for five minutes and judges the result on a part held out."""
    from training.experiments.five_minutes import report

    with one_line_errors():
        start = checkpoint_folder(base)
        for line in report(folder, start, damage, minutes, steps, run or _new("five-minutes")):
            print(line, flush=True)


@app.command()
def content(
    folder: Annotated[list[Path], typer.Argument(help="Recordings with a manifest.")],
    into: Annotated[Path, typer.Option(help="Folder of the new checkpoint.")],
    examples: Annotated[int, typer.Option(help="To learn from.")] = 8000,
) -> None:
    """Trains the content classifier and measures it on groups that it has not heard."""
    from training.experiments.content import report

    with one_line_errors():
        for line in report(folder, into, examples):
            print(line, flush=True)


def _new(name: str) -> Path:
    """A new folder among the runs."""
    from training.runs.run import root

    return root() / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
