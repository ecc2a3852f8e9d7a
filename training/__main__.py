"""`python -m training RECIPE`: trains a net on folders of clean recordings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def main(
    recipe: Annotated[Path, typer.Argument(help="JSON file, as in training/recipes.")],
    data: Annotated[list[Path], typer.Option(help="Folder of clean recordings; may be repeated.")],
    run: Annotated[Path, typer.Option(help="Folder for this run.")],
    base: Annotated[Path | None, typer.Option(help="Checkpoint folder to start from.")] = None,
    steps: Annotated[int | None, typer.Option(help="Length of the run in steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of the run in minutes.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run stopped.")] = False,
) -> None:
    """Trains by a recipe; the run folder holds config, events, samples, state and best weights."""
    from models.memory import keep_tensors_mapped
    from training.config import read_recipe
    from training.loop import Trainer
    from training.state import RunFolder

    keep_tensors_mapped()
    try:
        settings = read_recipe(recipe, steps=steps, minutes=minutes)
        trainer = Trainer(settings, data, RunFolder(run), base)
        if resume:
            trainer.resume()
    except ValueError as error:
        sys.exit(f"training: {error}")
    trainer.fit()


if __name__ == "__main__":
    typer.run(main)
