"""`python -m training.learn.cost RECIPE --data ...`: how long a run takes on this machine."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from training.config import Recipe, read_recipe
from training.runs.run_folder import RunFolder, read_events

STEPS = 4  # measured; the first one is warm-up
LOOKS = 8  # evaluations in a run
WARM_SHARE = 0.1  # of a run, at most, until the learning rate is at its peak


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a run costs here, in seconds.

    Args:
        step_s: of a step, data included.
        look_s: of an evaluation on the held-out recordings.
        start_s: from the start to the first step, the base's evaluation included.
    """

    step_s: float
    look_s: float
    start_s: float

    def steps(self, minutes: float) -> int:
        """That fit, with the evaluations between them; at least 1."""
        learning_s = 60 * minutes - LOOKS * self.look_s
        return max(1, int(max(learning_s, 30 * minutes) / self.step_s))

    def minutes(self, steps: int) -> float:
        """That so many steps take, evaluations and start included."""
        return (self.start_s + steps * self.step_s + LOOKS * self.look_s) / 60


def preset(recipe: Recipe, cost: Cost, minutes: float) -> Recipe:
    """The recipe with a length in minutes, evaluated some eight times, warmed up in proportion.

    Its `steps` are those that are expected; the clock decides.
    """
    steps = cost.steps(minutes)
    return dataclasses.replace(
        recipe,
        minutes=minutes,
        steps=steps,
        validate_every=max(1, steps // LOOKS),
        warmup_steps=max(1, min(recipe.warmup_steps, round(WARM_SHARE * steps))),
    )


def measure(recipe: Recipe, folders: list[Path], base: Path | None = None) -> Cost:
    """Runs a few real steps in a temporary folder.

    Raises:
        ValueError: no recordings of the recipe's kinds.
    """
    from training.learn.trainer import Trainer

    short = dataclasses.replace(recipe, steps=STEPS, minutes=None, validate_every=STEPS)
    if recipe.adversary is not None:  # from the first step on, as it costs most
        short = dataclasses.replace(short, adversary={**recipe.adversary, "start_step": 0})
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        Trainer(short, folders, RunFolder(Path(folder)), base).fit()
        return cost_of(read_events(Path(folder)), begun)


def cost_of(events: list[dict[str, Any]], begun: float) -> Cost:
    """From a run's events, of which every one of the first steps is told.

    Args:
        events: of the run.
        begun: when it was started, in seconds since 1970.
    """
    at = {(event["event"], event["step"]): event["time"] for event in events}
    steps = [time for (kind, _), time in at.items() if kind == "step"]
    apart = [later - sooner for sooner, later in itertools.pairwise(steps)]
    looked = at.get(("base", 0), at["start", 0])
    return Cost(
        step_s=round(statistics.median(apart), 4),
        look_s=round(looked - at["start", 0], 3),
        start_s=round(looked - begun, 2),
    )


def main(given: list[str]) -> None:
    """Prints the cost, and the steps of a number of minutes, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m training.learn.cost")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--base", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--minutes", type=float, default=5.0, metavar="M")
    words = parser.parse_args(given)
    try:
        cost = measure(read_recipe(words.recipe), words.data, words.base)
    except ValueError as error:
        sys.exit(f"budget: {error}")
    found = {"minutes": words.minutes, "steps": cost.steps(words.minutes)}
    print(json.dumps({**dataclasses.asdict(cost), **found}))


if __name__ == "__main__":
    main(sys.argv[1:])
