"""`python -m training cost`, `judge` and `ship`: length, quality and checkpoint of a run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from training.commands.common import checkpoint_folder, one_line_errors


def cost(
    config: Annotated[str, typer.Argument(help="JSON file, or a name from training/configs.")],
    data: Annotated[list[Path], typer.Option(help="Folder of recordings, may be repeated.")],
    base: Annotated[
        str | None, typer.Option(help="Checkpoint to start from: a name or a folder.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Length of a run.")] = 5.0,
) -> None:
    """Measures what a step costs here, and how many fit into a run; prints JSON."""
    from training.config import config_path, read_config
    from training.learn.cost import measure

    with one_line_errors():
        settings = read_config(config_path(config))
        measured = measure(settings, data, checkpoint_folder(base) if base else None)
    plan = {"minutes": minutes, "steps": measured.steps(minutes)}
    print(json.dumps({**dataclasses.asdict(measured), **plan}))


def judge(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Compares a run's best weights with its base on the recordings that it held out."""
    from training.evaluation.judge import judge_run

    with one_line_errors():
        verdict = judge_run(run)
    if verdict:
        print(verdict.sentence())


def ship(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    name: Annotated[str, typer.Argument(help="Name of the checkpoint.")],
    title: Annotated[str, typer.Option(help="One line for people.")],
    summary: Annotated[str, typer.Option(help="One sentence: for which recordings.")],
    content: Annotated[
        str, typer.Option(help="What it is for: speech, music, noisy, mixture.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option(help="Output of `python -m pipeline report --json`.")
    ] = None,
    earlier: Annotated[
        list[Path] | None, typer.Option(help="Run that this one started from, may be repeated.")
    ] = None,
    half: Annotated[bool, typer.Option(help="Store float16.")] = True,
    into: Annotated[
        Path | None, typer.Option(help="Folder of checkpoints; default: checkpoints/.")
    ] = None,
) -> None:
    """Makes a run's best weights a checkpoint whose card has config, data, licences and hours."""
    from models.checkpoint import SHIPPED
    from training.runs.ship import ship as write

    with one_line_errors():
        write(
            run,
            (into or SHIPPED) / name,
            title=title,
            summary=summary,
            content=content,
            report=report,
            earlier=earlier or (),
            half=half,
        )
