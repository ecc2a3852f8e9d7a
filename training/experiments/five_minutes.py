"""Fine-tuning on own recordings for five minutes: how much better do the held-out ones get?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from training.config import CONFIGS, TrainingConfig, read_config
from training.evaluation.verdict import Verdict
from training.learn.cost import fit_to_minutes, measure
from training.runs.events import read_events
from training.runs.run_folder import RunConfig, RunFolder

CONFIG_FILE = CONFIGS / "fine-tune.json"


def report(
    folder: Path, base: Path, damage: str, minutes: float, steps: int | None, run: Path
) -> Iterator[str]:
    """Lines: what it learned from, the held-out spectral error and the verdict.

    Args:
        folder: of clean recordings.
        base: folder of the checkpoint to start from.
        damage: key of `training.tasks.TASKS`.
        minutes, steps: length of the run; the steps where they are not None.
        run: folder of the run.

    Raises:
        ValueError: no recordings, or a run is there already.
    """
    config = read_config(CONFIG_FILE, damage=damage, steps=steps)
    if not steps:
        cost = measure(config, [folder], base)
        config = fit_to_minutes(config, cost, minutes)
        yield f"a step takes {cost.step_s:.2f} s here: about {config.steps} in {minutes:g} min"
    verdict = fine_tune(config, folder, base, RunFolder(run))
    yield f"run folder: {run}"
    yield from summary(run)
    if verdict is None:
        yield "Stopped before the verdict."
        return
    percent = 100 * (1 - verdict.now / verdict.base)
    yield f"held-out LSD: base {verdict.base:.3f}, now {verdict.now:.3f}: {percent:.1f} % better"
    for file in verdict.files:
        yield f"  {file.name}: {file.base:.3f} -> {file.now:.3f}, {file.verdict}"
    yield verdict.sentence()


def fine_tune(config: TrainingConfig, folder: Path, base: Path, run: RunFolder) -> Verdict | None:
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
        Trainer(config, [folder], run, base).fit()
        return judge_run(run.path, run.heart.stop_requested)


def summary(run: Path) -> list[str]:
    """Length and speed of a run, and its validations."""
    events, config = read_events(run), RunConfig.read(run)
    assert config is not None
    end = events[-1]
    seconds = end.number("seconds", math.nan)
    speed = end.step * config.training["batch"] * config.training["seconds"] / seconds
    lines = [
        f"{end.text('reason')}: {end.step} steps in {seconds:.0f} s, "
        f"{speed:.1f} audio-seconds a second"
    ]
    judged = [event for event in events if event.kind in ("base", "validation")]
    scored = [(event.step, event.number("lsd", math.nan)) for event in judged]
    return [*lines, "LSD by step: " + ", ".join(f"{step}: {lsd:.3f}" for step, lsd in scored)]
