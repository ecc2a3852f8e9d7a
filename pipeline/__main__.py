"""The command line, `python -m pipeline`; the commands are in `pipeline.cli`."""

from __future__ import annotations

import gc

import typer

from pipeline.cli.console import leave
from pipeline.cli.degrade import degrade
from pipeline.cli.diagnose import diagnose
from pipeline.cli.evaluate import evaluate, report
from pipeline.cli.listening import listening
from pipeline.cli.restore import restore
from pipeline.cli.separate import separate

app = typer.Typer(
    help="Diagnoses, restores, separates, degrades and compares recordings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
)
for command in (restore, separate, diagnose, degrade, evaluate, report, listening):
    app.command()(command)

FEWER_COLLECTIONS = (100_000, 50, 100)
"""For `gc.set_threshold`: by default the search for garbage takes a tenth of the start-up."""

if __name__ == "__main__":
    gc.set_threshold(*FEWER_COLLECTIONS)
    try:
        app(prog_name="python -m pipeline")
    except SystemExit as end:
        leave(end)
