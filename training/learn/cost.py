"""How long a run takes on this machine, from a few measured steps."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import tempfile
import time
from pathlib import Path

from training.config import TrainingConfig
from training.runs.events import Event, read_events
from training.runs.run_folder import RunFolder

STEPS = 4  # measured; the first one is warm-up
VALIDATIONS = 8  # of a run whose length is given in minutes
WARMUP_SHARE = 0.1  # of a run, at most


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds that a run takes on this machine.

    Args:
        step_s: a step, data included.
        validation_s: a validation on the held-out recordings.
        start_s: from the start to the first step, the validation of the base included.
    """

    step_s: float
    validation_s: float
    start_s: float

    def steps(self, minutes: float) -> int:
        """Steps that fit, beside the validations; at least 1."""
        learning_s = 60 * minutes - VALIDATIONS * self.validation_s
        return max(1, int(max(learning_s, 30 * minutes) / self.step_s))

    def minutes(self, steps: int) -> float:
        """Length of a run of so many steps, start and validations included."""
        return (self.start_s + steps * self.step_s + VALIDATIONS * self.validation_s) / 60


def fit_to_minutes(config: TrainingConfig, cost: Cost, minutes: float) -> TrainingConfig:
    """The config with a length in minutes, about eight validations and a warm-up in proportion.

    Its `steps` are the expected ones; the clock ends the run.
    """
    steps = cost.steps(minutes)
    return dataclasses.replace(
        config,
        minutes=minutes,
        steps=steps,
        validate_every=max(1, steps // VALIDATIONS),
        warmup_steps=max(1, min(config.warmup_steps, round(WARMUP_SHARE * steps))),
    )


def measure(config: TrainingConfig, folders: list[Path], base: Path | None = None) -> Cost:
    """Runs a few real steps in a temporary folder.

    Raises:
        ValueError: no recordings of the config's kinds.
    """
    from training.learn.trainer import Trainer

    short = dataclasses.replace(config, steps=STEPS, minutes=None, validate_every=STEPS)
    if config.adversary is not None:  # at work from the first step on, as it costs most
        short = dataclasses.replace(short, adversary={**config.adversary, "start_step": 0})
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        Trainer(short, folders, RunFolder(Path(folder)), base).fit()
        return cost_of(read_events(Path(folder)), begun)


def cost_of(events: list[Event], begun: float) -> Cost:
    """The cost from a run's events; a run logs each of its first steps.

    Args:
        events: of the run.
        begun: time of its start, in seconds since 1970.
    """
    at = {(event.kind, event.step): event.time for event in events}
    steps = [time for (kind, _), time in at.items() if kind == "step"]
    apart = [later - sooner for sooner, later in itertools.pairwise(steps)]
    validated = at.get(("base", 0), at["start", 0])
    return Cost(
        step_s=round(statistics.median(apart), 4),
        validation_s=round(validated - at["start", 0], 3),
        start_s=round(validated - begun, 2),
    )
