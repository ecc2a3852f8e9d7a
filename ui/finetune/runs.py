"""Runs as the page starts, finds and continues them, and whose they are."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from models.checkpoint import Card
from training.config import TrainingConfig
from training.data.dataset import Dataset
from training.runs import run as all_runs
from training.runs.run import Run
from training.runs.run_folder import LAST, read_json, write_json
from ui.finetune.checkpoints import weights_of
from ui.finetune.rules import Rules

NOTE, DATA, CONFIG = "page.json", "data", "wanted.json"
FREE_BYTES = 2 << 30
FRESH_BYTES = 10 << 20  # weights of a network that is offered without any
STATES = 6
"""A run stores its weights so many times: with their mean, two moments of each, and the best."""


def start(
    config: TrainingConfig, dataset: Dataset, base: Card, title: str, owner: str, rules: Rules
) -> tuple[Run, list[str]]:
    """Starts a run on a copy of the data, which the page may then forget.

    Returns:
        the run, and the names of old runs that were deleted to make room.

    Raises:
        ValueError: another run is going on, it takes more than is allowed, or the disk is full.
    """
    root = all_runs.root()
    root.mkdir(parents=True, exist_ok=True)
    if all_runs.current(root):
        raise all_runs.Busy
    deleted = rules.of_runs.make_room(_size(dataset, base), root)
    if shutil.disk_usage(root).free < FREE_BYTES:
        raise ValueError(f"{root}: the disk is almost full. Delete old runs or free some space.")
    folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    try:
        shutil.copytree(dataset.folder, folder / DATA, copy_function=_link)
        write_json(folder / CONFIG, dataclasses.asdict(config))
        write_json(folder / NOTE, {"owner": _digest(owner), "title": title})
        weights = weights_of(base)
        run = all_runs.start(folder / CONFIG, [folder / DATA], folder, base=weights)
        return run, deleted
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _size(dataset: Dataset, base: Card) -> int:
    """Bytes that a run will take: recordings, state and weights."""
    files = sum(path.stat().st_size for path in dataset.folder.rglob("*") if path.is_file())
    weights = weights_of(base)
    sizes = [path.stat().st_size for path in weights.iterdir()] if weights else [FRESH_BYTES]
    return files + STATES * sum(sizes)


def _link(source: str, target: str) -> None:
    """A hard link to a file, which outlives the original; a copy where links cannot be made."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def new_title(n_recordings: int, base: Card) -> str:
    """The title of a new run on so many recordings."""
    return f"{base.title or base.name}, {n_recordings} recording{'' if n_recordings == 1 else 's'}"


def title_of(run: Run) -> str:
    """A run's title."""
    return str(read_json(run.folder / NOTE).get("title", run.name))


def dated_title(run: Run) -> str:
    """A run's title, and when it was started."""
    return f"{title_of(run)}, {time.strftime('%d %b %H:%M', time.localtime(run.started()))}"


def visible(owner: str, rules: Rules) -> list[Run]:
    """The runs that a visitor may see, the newest first."""
    of_page = [run for run in all_runs.find() if (run.folder / NOTE).is_file()]
    return [run for run in of_page if not rules.shared or _belongs_to(run, owner)]


def _belongs_to(run: Run, owner: str) -> bool:
    return bool(owner) and read_json(run.folder / NOTE).get("owner") == _digest(owner)


def _digest(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest() if owner else ""


def can_resume(run: Run) -> bool:
    """Whether a run ended early, with a state to continue from."""
    outcome = run.outcome()
    return outcome is not None and (
        outcome.reason in ("stopped", "lost")
        or (outcome.reason == "failed" and (run.folder / LAST).is_file())
    )


def can_train_on(run: Run) -> bool:
    """Whether a run has reached its length, with a state to continue from."""
    outcome = run.outcome()
    return outcome is not None and outcome.reason == "done" and (run.folder / LAST).is_file()


def train_on(
    run: Run, rules: Rules, patience: int, *, minutes: float = 0.0, steps: int = 0
) -> None:
    """Makes a run longer and continues it.

    Args:
        patience: validations that it waits for an improvement, besides those so far.
        minutes, steps: added to its length, either of them.

    Raises:
        ValueError: it would take longer than allowed, or a run is going on.
    """
    end = run.events()[-1]
    spent, done = end.number("seconds", 0.0) / 60, max(1, end.step)
    whole = spent * (done + steps) / done if steps else spent + minutes
    longest = rules.of_runs.minutes
    if longest is not None and whole > longest:
        raise ValueError(
            f"A run may take {longest:g} minutes here in all, and this one has taken {spent:.1f}."
        )
    so_far = run.training().get("patience") or None
    length: dict[str, Any] = {"steps": done + steps} if steps else {"minutes": round(whole, 3)}
    run.resume(**length, patience=so_far and so_far + patience)


def delete(run: Run) -> None:
    """Removes a run, its copy of the recordings, and its weights."""
    folder: Path = run.folder
    shutil.rmtree(folder, ignore_errors=True)
