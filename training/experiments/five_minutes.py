"""`python -m training.experiments.five_minutes FOLDER`: fine-tunes on own recordings.

A fifth of the recordings is held out; the rest is damaged and learned from for five minutes; then
the held-out ones tell whether it is better than the base.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from models.checkpoint import find, search_path
from training.config import CONFIGS, Recipe, read_recipe
from training.evaluation.verdict import Verdict
from training.learn.cost import measure, preset
from training.runs.run import root
from training.runs.run_folder import CONFIG, RunFolder, read_events, read_json

RECIPE = CONFIGS / "fine-tune.json"


def main(
    folder: Annotated[Path, typer.Argument(help="Clean recordings, five minutes or more.")],
    base: Annotated[str, typer.Option(help="Checkpoint to start from.")] = "enhancer-speech-48k",
    damage: Annotated[str, typer.Option(help="world or telephone.")] = "world",
    minutes: Annotated[float, typer.Option(help="How long it learns.")] = 5.0,
    steps: Annotated[int | None, typer.Option(help="How many steps, instead of minutes.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder; default: a new one.")] = None,
) -> None:
    """Prints what was learned from, the held-out spectral error and the verdict."""
    where = run or root() / f"five-minutes-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        recipe = read_recipe(RECIPE, damage=damage, steps=steps)
        if not steps:
            cost = measure(recipe, [folder], find(base, search_path()).folder)
            recipe = preset(recipe, cost, minutes)
            print(f"a step takes {cost.step_s:.2f} s here: about {recipe.steps} in {minutes:g} min")
        verdict = fine_tune(recipe, folder, find(base, search_path()).folder, RunFolder(where))
    except ValueError as error:
        sys.exit(f"five_minutes: {error}")
    print(f"run folder: {where}")
    for line in summary(where):
        print(line)
    if verdict is None:
        sys.exit("Stopped before the verdict.")
    percent = 100 * (1 - verdict.now / verdict.base)
    print(f"held-out LSD: base {verdict.base:.3f}, now {verdict.now:.3f}: {percent:.1f} % better")
    for file in verdict.files:
        print(f"  {file.name}: {file.base:.3f} -> {file.now:.3f}, {file.verdict}")
    print(verdict.sentence())


def fine_tune(recipe: Recipe, folder: Path, base: Path, run: RunFolder) -> Verdict | None:
    """Trains from the base and judges; None where it was stopped.

    Raises:
        ValueError: no recordings, or a run is there already.
    """
    from models.malloc import keep_tensors_mapped
    from training.evaluation.judge import judge_run
    from training.learn.trainer import Trainer

    keep_tensors_mapped()
    run.refuse_overwriting()
    with run.heart:
        Trainer(recipe, [folder], run, base).fit()
        return judge_run(run.path, run.heart.stop_requested)


def summary(run: Path) -> list[str]:
    """What the events say: length, speed, and the evaluations on the way."""
    events = read_events(run)
    end, recipe = events[-1], read_json(run / CONFIG)["recipe"]
    speed = end["step"] * recipe["batch"] * recipe["seconds"] / end["seconds"]
    lines = [
        f"{end['reason']}: {end['step']} steps in {end['seconds']:.0f} s, "
        f"{speed:.1f} audio-seconds a second"
    ]
    looks = [(e["step"], e["lsd"]) for e in events if e["event"] in ("base", "validation")]
    return [*lines, "LSD by step: " + ", ".join(f"{step}: {lsd:.3f}" for step, lsd in looks)]


if __name__ == "__main__":
    typer.run(main)
