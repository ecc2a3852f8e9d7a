"""From the form to a run's settings: damage, length, and what it costs on this machine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from models.checkpoint import Card
from training.config import CONFIGS, TrainingConfig
from training.data.clips import INSTRUMENTS, NOISES, VOICES
from training.data.dataset import Dataset
from training.learn.cost import VALIDATIONS, Cost, fit_to_minutes
from training.runs import processes
from training.runs.run_folder import write_json
from training.tasks import EXAMPLES, TASKS
from ui.finetune import dataset_report
from ui.finetune.checkpoints import base_of, weights_of
from ui.finetune.networks import NETWORKS
from ui.finetune.visit import Desk, Visit

CONFIG = CONFIGS / "fine-tune.json"
OF_BASE = ("losses", "seconds", "batch", "precision")
"""What a run takes from the training config of the checkpoint that it starts from."""

OF_RUN = ("warmup_steps", "ema", "validation_share", "validate_every", "save_every", "seed")
"""What every run takes from the config for fine-tuning, whatever its network."""

UNSPLIT: dict[str, Any] = {"validation_groups": (), "test_groups": (), "test_share": 0.0}
GENTLY = 0.3
"""Of the learning rate of a fresh network, for one that has learned already."""

KINDS = {"voices": VOICES, "music": INSTRUMENTS}
NEEDED = {
    "noisy_speech": ("voices",), "reverberant_speech": ("voices",),
    "separation": ("voices", "music"), "voice_over_music": ("voices", "music"),
}  # fmt: skip
"""Tasks that cannot do without some recordings; of each of these, one at least is held out."""

REACHES = {"world": 0.4, "half_rate": 0.3}
"""Share of a network's rate up to which a held-out recording must reach to judge a task by."""

PRESET, MINUTES, STEPS = "5 minutes", "Minutes", "Steps"
"""The kinds of length that the form offers."""

PRESET_MINUTES, MOST_STEPS = 5.0, 1_000_000
PATIENCE = 4
USUAL = Cost(step_s=0.5, validation_s=3.0, start_s=10.0)
"""The cost of a run before it has been measured."""

NARROW = (
    "None of the held-out recordings reaches {:.0f} kHz, so the result could not be judged. Upload "
    "recordings of 44.1 kHz or more that were never MP3, or choose another damage."
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
    network = NETWORKS[base.model]
    run = json.loads(CONFIG.read_text("utf-8"))
    settings = json.loads((CONFIGS / f"{network.config}.json").read_text("utf-8"))
    shape = {name: run[name] for name in OF_RUN}
    rate = settings["learning_rate"] * (GENTLY if base.sha256 and settings != run else 1)
    of_base = {key: base.training[key] for key in OF_BASE if base.training.get(key)}
    changes = {
        **UNSPLIT, **shape, **_split(dataset, damage, run["validation_share"], run["seed"]),
        "learning_rate": rate, "model": base.model, "config": base.config, "damage": damage,
        "patience": PATIENCE, "kinds": _kinds(dataset, damage), "keep": "best",
    }  # fmt: skip
    config = TrainingConfig(**{**settings, **of_base, **changes})
    if minutes:
        return fit_to_minutes(config, cost, minutes)
    count = steps or 1
    fitted = fit_to_minutes(config, cost, cost.minutes(count))
    every = max(1, count // VALIDATIONS)
    return dataclasses.replace(fitted, steps=count, minutes=None, validate_every=every)


def _kinds(dataset: Dataset, damage: str) -> dict[str, float]:
    """Each kind of recording that is learned from; noise only where it is a part of the task."""
    kinds = {item.kind or "speech" for item in dataset.items}
    kinds = {kind for kind in kinds if not kind.startswith("validation")}
    if TASKS[damage].examples_name == EXAMPLES:
        kinds = (kinds - {NOISES}) or kinds
    return dict.fromkeys(sorted(kinds or {"speech"}), 1.0)


def _split(dataset: Dataset, damage: str, share: float, seed: int) -> dict[str, Any]:
    """The groups to hold out, a share of each kind that the task needs; else none are named."""
    held: list[str] = []
    rng = np.random.default_rng(seed)
    for need in NEEDED.get(damage, ()):
        drawn = rng.permutation(_groups(dataset, need)).tolist()
        held += drawn[: max(1, round(share * len(drawn)))] if len(drawn) > 1 else []
    return {"validation_groups": tuple(sorted(held)), "validation_share": 0.0} if held else {}


def _groups(dataset: Dataset, need: str) -> list[str]:
    """The groups of a dataset that have recordings of a key of `KINDS`."""
    return sorted({one.group for one in dataset.items if (one.kind or "speech") in KINDS[need]})


def missing(dataset: Dataset, damage: str) -> str:
    """What a dataset lacks for a task, and the cure; empty where it lacks nothing."""
    needs = NEEDED.get(damage, ())
    if "music" in needs and any(item.degraded for item in dataset.items):
        return "A separator learns from voices and music, not from pairs."
    few = [need for need in needs if len(_groups(dataset, need)) < 2]
    if not few:
        return ""
    return (
        f"Two recordings of {' and two of '.join(few)} at least are needed here, one to learn from "
        f"and one to judge by. Put them into zips or folders called {' and '.join(needs)}."
    )


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
    known = task_of(base, damage)
    reach = REACHES.get(known)
    if reach and not dataset_report.can_judge(visit.report, reach):
        raise ValueError(NARROW.format(reach * visit.report["rate"] / 1000))
    if problem := missing(visit.dataset, known):
        raise ValueError(problem)
    if length == PRESET:
        minutes = desk.rules.of_runs.allowed(PRESET_MINUTES)
        return config_for(base, visit.dataset, known, cost, minutes=minutes)
    asked = length_of(length, amount)
    longest = desk.rules.of_runs.minutes
    takes = asked.get("minutes") or cost.minutes(asked.get("steps", 0))
    if longest is not None and takes > longest:
        raise ValueError(f"A run may take {longest:g} minutes here: choose a shorter one.")
    return config_for(base, visit.dataset, known, cost, **asked)


def task_of(base: Card, damage: Any) -> str:
    """The damage if the network can learn to undo it, else its usual one."""
    damages = NETWORKS[base.model].damages
    return str(damage) if damage in damages else damages[0]


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
    weights = weights_of(base)
    start = ("--base", weights) if weights else ()
    return processes.command("cost", path, "--data", dataset.folder, *start)


def printed_cost(output: str) -> Cost:
    """The cost that `cost_command` printed; `USUAL` where it cannot be read."""
    try:
        document = json.loads(output.strip().splitlines()[-1])
        return Cost(**{one.name: float(document[one.name]) for one in dataclasses.fields(Cost)})
    except (IndexError, KeyError, TypeError, ValueError):
        return USUAL
