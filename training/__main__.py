"""Command line: `python -m training run CONFIG --data FOLDER`, and more; see --help."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from training.commands import experiment, tables
from training.commands.check import check
from training.commands.ray_train import ray
from training.commands.results import cost, judge, ship
from training.commands.run import run
from training.commands.shards import shards

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "check": check,
    "shards": shards,
    "cost": cost,
    "judge": judge,
    "ship": ship,
    "ray": ray,
}


@app.callback()
def about() -> None:
    """Trains networks, and fine-tunes them on your own recordings."""


for name, function in COMMANDS.items():
    app.command(name)(function)
app.add_typer(experiment.app, name="experiment")
app.add_typer(tables.app, name="tables")


def complete(arguments: list[str]) -> list[str]:
    """The arguments with "run" where no command is named, and one --data for each folder."""
    known = (*COMMANDS, "experiment", "tables", "--help")
    words = arguments if not arguments or arguments[0] in known else ["run", *arguments]
    spread: list[str] = []
    for word in words:
        follows = len(spread) > 1 and spread[-2] == "--data"
        spread += ["--data", word] if follows and not word.startswith("-") else [word]
    return spread


if __name__ == "__main__":
    app(complete(sys.argv[1:]), prog_name="python -m training")
