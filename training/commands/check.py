"""`python -m training check PATHS`: whether training will use each file of a dataset, and why."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import one_line_errors


def check(
    paths: Annotated[list[Path], typer.Argument(help="Folders, zips or sound files.")],
    rate: Annotated[int, typer.Option(help="Sample rate of the net to train, in Hz.")] = 48_000,
    config: Annotated[
        str | None, typer.Option(help="Config of the run, which decides what is held out.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Keep the dataset in this new folder, for --data.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List every file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Reads a dataset and says of each file whether training will use it, and why."""
    from training.config import config_path, read_config
    from training.data.check import check as inspect
    from training.data.check_table import progress, show
    from training.data.clips import LEFT_OUT
    from training.data.dataset import gather

    with one_line_errors(), tempfile.TemporaryDirectory() as temporary:
        dataset = gather(paths, into or Path(temporary) / "dataset")
        settings = read_config(config_path(config)) if config else None
        with progress(quiet=as_json) as tick:
            report = inspect(dataset, rate, tick, settings)
    if into:
        report.write()
    if as_json:
        print(json.dumps(report.as_dict(), indent=1))
    else:
        show(report, everything)
    if all(row.verdict == LEFT_OUT for row in report.rows):
        raise typer.Exit(1)
