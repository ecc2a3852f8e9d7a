"""From the form to a run's settings: damage, length, and what it costs on this machine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from models.checkpoint import Card
from training.config import CONFIGS, TrainingConfig
from training.data.dataset import Dataset
from training.learn.cost import VALIDATIONS, Cost, fit_to_minutes
from training.runs import processes
from training.runs.run_folder import write_json
from training.tasks import TASKS
from ui.finetune import dataset_report
from ui.finetune.checkpoints import base_of
from ui.finetune.visit import Desk, Visit

CONFIG = CONFIGS / "fine-tune.json"
OF_BASE = ("losses", "seconds", "batch", "precision")
"""What a run takes from the training config of the checkpoint that it starts from."""

DAMAGES = {task.label: name for name, task in TASKS.items() if task.label}
"""The damages that a run can learn to undo, by their names on the page."""

PRESET, MINUTES, STEPS = "5 minutes", "Minutes", "Steps"
"""The kinds of length that the form offers."""

PRESET_MINUTES, MOST_STEPS = 5.0, 1_000_000
PATIENCE = 4
USUAL = Cost(step_s=0.5, validation_s=3.0, start_s=10.0)
"""The cost of a run before it has been measured."""

NARROW = (
    "None of the held-out recordings reaches 19 kHz, so the result could not be judged. Upload "
    "recordings of 44.1 kHz or more that were never MP3, or choose the telephone line."
)


def config_for(
    base: Card,
    dataset: Dataset,
    damage: str,
    cost: Cost,
    *,
    minutes: float | None = None,
    steps: int | None = None,
) -> TrainingConfig:
    """The training config of a run: the one for fine-tuning, with some of its base's settings.

    Args:
        cost: of a step and a validation here.
        minutes, steps: its length, either of them.
    """
    settings: dict[str, Any] = json.loads(CONFIG.read_text("utf-8"))
    of_base = {key: base.training[key] for key in OF_BASE if base.training.get(key)}
    kinds = {item.kind or "speech" for item in dataset.items}
    kinds = {kind for kind in kinds if not kind.startswith("validation")}
    changes = {
        "model": base.model, "config": base.config, "damage": damage, "patience": PATIENCE,
        "kinds": dict.fromkeys(sorted(kinds or {"speech"}), 1.0),
    }  # fmt: skip
    config = TrainingConfig(**{**settings, **of_base, **changes})
    if minutes:
        return fit_to_minutes(config, cost, minutes)
    count = steps or 1
    fitted = fit_to_minutes(config, cost, cost.minutes(count))
    every = max(1, count // VALIDATIONS)
    return dataclasses.replace(fitted, steps=count, minutes=None, validate_every=every)


def planned(desk: Desk, visit: Visit, *form: Any) -> TrainingConfig:
    """The training config that the form asks for.

    Raises:
        ValueError: no data, no checkpoint, or a length that is not allowed.
    """
    name, damage, length, amount = form
    if visit.dataset is None:
        raise ValueError("Upload recordings first.")
    base = base_of(name)
    cost = visit.costs.get(base.name, USUAL)
    known = damage if damage in DAMAGES.values() else "world"
    if known == "world" and not dataset_report.can_judge(visit.report):
        raise ValueError(NARROW)
    if length == PRESET:
        minutes = desk.rules.of_runs.allowed(PRESET_MINUTES)
        return config_for(base, visit.dataset, known, cost, minutes=minutes)
    asked = length_of(length, amount)
    longest = desk.rules.of_runs.minutes
    takes = asked.get("minutes") or cost.minutes(asked.get("steps", 0))
    if longest is not None and takes > longest:
        raise ValueError(f"A run may take {longest:g} minutes here: choose a shorter one.")
    return config_for(base, visit.dataset, known, cost, **asked)


def length_of(length: Any, amount: Any) -> dict[str, Any]:
    """The form's length: "minutes", or whole "steps".

    Raises:
        ValueError: the amount is not a number above 0.
    """
    if length not in (MINUTES, STEPS):
        return {"minutes": PRESET_MINUTES}
    if not isinstance(amount, (int, float)) or not 0 < amount <= MOST_STEPS:
        raise ValueError(f"{length}: expected a number above 0.")
    if length == MINUTES:
        return {"minutes": float(amount)}
    return {"steps": max(1, int(amount))}


def cost_command(config: TrainingConfig, dataset: Dataset, base: Card, folder: Path) -> list[str]:
    """The command that measures what a run costs here; it prints the `Cost` as JSON."""
    path = folder / "measured.json"
    write_json(path, dataclasses.asdict(config))
    return processes.command("cost", path, "--data", dataset.folder, "--base", base.folder)


def printed_cost(output: str) -> Cost:
    """The cost that `cost_command` printed; `USUAL` where it cannot be read."""
    try:
        document = json.loads(output.strip().splitlines()[-1])
        return Cost(**{one.name: float(document[one.name]) for one in dataclasses.fields(Cost)})
    except (IndexError, KeyError, TypeError, ValueError):
        return USUAL
