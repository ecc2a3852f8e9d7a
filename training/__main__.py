"""`python -m training RECIPE`: trains a net on folders of clean recordings."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

from training.config import Recipe, read_recipe
from training.runs import lock
from training.runs.run_folder import LOCK, RunFolder


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line's words as values."""
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Trains by a recipe; the run folder holds config, events, samples, state and "
        "the best weights, and a run that was stopped, however hard, goes on with --resume.",
    )
    parser.add_argument("recipe", type=Path, help="JSON file, as in training/configs")
    parser.add_argument(
        "--data", type=Path, nargs="+", action="extend", default=[], metavar="FOLDER",
        help="folders of clean recordings; those that the recipe names when not given",
    )  # fmt: skip
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="default: runs/RECIPE-TIME")
    parser.add_argument("--base", type=Path, metavar="CHECKPOINT", help="folder to start from")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, metavar="N", help="length of the whole run")
    length.add_argument("--minutes", type=float, metavar="M", help="length of the whole run")
    parser.add_argument("--resume", action="store_true", help="go on where the run stopped")
    words = parser.parse_args(given)
    if words.resume and not words.run:
        parser.error("--resume: say which --run")
    return words


def main(given: list[str]) -> None:
    """Parses, trains, and turns what a person can mend into one line."""
    words = arguments(given)
    from models.malloc import keep_tensors_mapped

    keep_tensors_mapped()
    run = words.run or Path("runs") / f"{words.recipe.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    is_first = os.environ.get("RANK", "0") == "0"  # of the processes of `accelerate launch`
    try:
        recipe = read_recipe(words.recipe, steps=words.steps, minutes=words.minutes)
        folder = RunFolder(run)
        if not words.resume:
            folder.refuse_overwriting()
        if is_first:
            _claim(run)
    except ValueError as error:
        sys.exit(f"training: {error}")
    with folder.heart if is_first else contextlib.nullcontext():
        _train(words, recipe, folder)


def _claim(run: Path) -> None:
    """Holds the run's lock for as long as this process lives."""
    if lock.inherit():
        return
    descriptor = lock.take(run / LOCK)
    if descriptor is None:
        raise ValueError(f"{run}: another process trains here")
    lock.keep(descriptor)


def _train(words: argparse.Namespace, recipe: Recipe, folder: RunFolder) -> None:
    from training.learn.trainer import Trainer

    try:
        folders = words.data or [Path(folder) for folder in recipe.data]
        trainer = Trainer(recipe, folders, folder, words.base)
        if words.resume:
            trainer.resume()
    except ValueError as error:
        sys.exit(f"training: {error}")
    print(f"run folder: {folder.path}", file=sys.stderr)
    trainer.fit()
    if trainer.accelerator.is_main_process and not folder.heart.stop_requested():
        _judge(folder)


def _judge(folder: RunFolder) -> None:
    """The verdict on held-out recordings, unless the run was stopped or kept nothing."""
    from training.evaluation.judge import judge_run

    try:
        verdict = judge_run(folder.path, folder.heart.stop_requested)
    except ValueError as error:
        print(error, file=sys.stderr)
        return
    if verdict:
        print(verdict.sentence(), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
