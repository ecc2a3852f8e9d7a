"""`python -m training run CONFIG`: trains a net on folders of clean recordings."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.commands.common import checkpoint_folder, one_line_errors

if TYPE_CHECKING:
    from training.learn.trainer import Trainer
    from training.runs.run_folder import RunFolder


def run(
    config: Annotated[str, typer.Argument(help="JSON file, or a name from training/configs.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of clean recordings, may be repeated; default: the config's."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--run", help="Run folder; default: runs/CONFIG-TIME.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Checkpoint to start from: a name or a folder.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Length of the whole run in steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of the whole run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run stopped.")] = False,
) -> None:
    """Trains by a config. A run that was stopped, however hard, goes on with --resume.

    The run folder holds config, events, samples, the last state and the best weights.
    """
    if steps is not None and minutes is not None:
        raise typer.BadParameter("give --steps or --minutes, not both")
    if resume and folder is None:
        raise typer.BadParameter("--resume needs --run")
    from models.malloc import keep_tensors_mapped
    from training.config import config_path, read_config
    from training.runs.run_folder import RunFolder

    keep_tensors_mapped()
    is_first = os.environ.get("RANK", "0") == "0"  # of several processes
    with one_line_errors():
        path = config_path(config)
        settings = read_config(path, steps=steps, minutes=minutes)
        start = checkpoint_folder(base) if base else None
        target = RunFolder(folder or Path("runs") / f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}")
        if not resume:
            target.refuse_overwriting()
        if is_first:
            _claim(target.path)
    with target.heart if is_first else contextlib.nullcontext():
        with one_line_errors():
            from training.learn.trainer import Trainer

            folders = data or [Path(folder) for folder in settings.data]
            trainer = Trainer(settings, folders, target, start)
            if resume:
                trainer.resume()
        _train(trainer, target)


def _claim(run: Path) -> None:
    """Holds the run's lock for as long as this process lives."""
    from training.runs import lock
    from training.runs.run_folder import LOCK

    if lock.inherit():
        return
    descriptor = lock.take(run / LOCK)
    if descriptor is None:
        raise ValueError(f"{run}: another process trains here")
    lock.keep(descriptor)


def _train(trainer: Trainer, run: RunFolder) -> None:
    """Trains, then judges the result unless the run was stopped or has kept nothing."""
    from training.evaluation.judge import judge_run

    print(f"run folder: {run.path}", file=sys.stderr)
    trainer.fit()
    if not trainer.accelerator.is_main_process or run.heart.stop_requested():
        return
    try:
        verdict = judge_run(run.path, run.heart.stop_requested)
    except ValueError as error:
        print(error, file=sys.stderr)
        return
    if verdict:
        print(verdict.sentence(), file=sys.stderr)
