"""Fine-tuning runs as the page starts and finds them: recipe, limits, and whose they are."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.checkpoint import Card, available, search_path
from training.config import CONFIGS, TrainingConfig
from training.data import dataset as intake
from training.data.dataset import Dataset
from training.learn.cost import VALIDATIONS, Cost, fit_to_minutes
from training.runs import processes, quota
from training.runs import run as runs
from training.runs.run import Run
from training.runs.run_folder import BEST, LAST, read_json, write_json
from training.tasks import TASKS
from ui.session import is_shared

CONFIG = CONFIGS / "fine-tune.json"
NOTE, DATA, WANTED = "page.json", "data", "wanted.json"
MODELS = ("enhancer", "spectral_enhancer")
OF_BASE = ("losses", "seconds", "batch", "precision")
"""What a run takes from the training config of the checkpoint that it starts from."""

DAMAGES = {task.label: name for name, task in TASKS.items() if task.label}
"""The damages that a run can learn to undo, by what the page calls them."""

PATIENCE = 4
FREE_BYTES = 2 << 30
STATES = 6
"""How many times the weights a run takes: with their mean, two moments of each, and the best."""

USUAL = Cost(step_s=0.5, validation_s=3.0, start_s=10.0)
"""What a run is taken to cost while nobody has measured it."""


@dataclass(frozen=True)
class Rules:
    """What fine-tuning may take, and who sees which run.

    Attributes:
        of_runs: minutes of one, bytes and days of all.
        of_data: of what may be uploaded.
        shared: whether visitors are strangers to each other, who see their own runs only.
        off: why there is no training here; empty where there is.
    """

    of_runs: quota.Limits = field(default_factory=quota.Limits)
    of_data: intake.Limits = field(default_factory=intake.Limits)
    shared: bool = False
    off: str = ""

    @staticmethod
    def here() -> Rules:
        """The rules of this server; see `ui.session.is_shared`."""
        named, off = quota.Limits.from_environment(), quota.why_off() or ""
        if not is_shared():
            return Rules(named, off=off)
        less = quota.Limits(named.minutes or 30, named.gigabytes or 4, named.days or 2)
        return Rules(less, intake.Limits(files=500, bytes=2 << 30), shared=True, off=off)


def bases() -> list[Card]:
    """The checkpoints that a run can start from: those that enhance."""
    return [card for card in available(search_path()) if card.model in MODELS]


def choices() -> list[tuple[str, str]]:
    """The same as (text, name), for a list."""
    return [(card.title or card.name, card.name) for card in bases()]


def base_of(name: Any) -> Card:
    """The checkpoint of that name.

    Raises:
        ValueError: none that enhances is called so.
    """
    found = next((card for card in bases() if card.name == name), None)
    if found is None:
        raise ValueError("Choose a checkpoint to start from.")
    return found


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
        cost: of a step and an evaluation here.
        minutes, steps: its length, either of them.
    """
    settings: dict[str, Any] = json.loads(CONFIG.read_text("utf-8"))
    known = {key: base.recipe[key] for key in OF_BASE if base.recipe.get(key)}
    kinds = {item.kind or "speech" for item in dataset.items}
    kinds = {kind for kind in kinds if not kind.startswith("validation")}
    changes = {
        "model": base.model, "config": base.config, "damage": damage, "patience": PATIENCE,
        "kinds": dict.fromkeys(sorted(kinds or {"speech"}), 1.0),
    }  # fmt: skip
    config = TrainingConfig(**{**settings, **known, **changes})
    if minutes:
        return fit_to_minutes(config, cost, minutes)
    count = steps or 1
    fitted = fit_to_minutes(config, cost, cost.minutes(count))
    every = max(1, count // VALIDATIONS)
    return dataclasses.replace(fitted, steps=count, minutes=None, validate_every=every)


def start(
    config: TrainingConfig, dataset: Dataset, base: Card, title: str, owner: str, rules: Rules
) -> tuple[Run, list[str]]:
    """Starts a run on a copy of the data, which the page may forget then.

    Returns:
        the run, and the names of old ones that made room for it.

    Raises:
        ValueError: a run is going on, it takes more than is allowed, or the disk is full.
    """
    root = runs.root()
    root.mkdir(parents=True, exist_ok=True)
    if runs.current(root):
        raise runs.Busy
    gone = rules.of_runs.make_room(_size(dataset, base), root)
    if shutil.disk_usage(root).free < FREE_BYTES:
        raise ValueError("The disk is almost full: delete old runs before a new one.")
    folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    try:
        shutil.copytree(dataset.folder, folder / DATA, copy_function=_link)
        write_json(folder / WANTED, dataclasses.asdict(config))
        write_json(folder / NOTE, {"owner": _signed(owner), "title": title})
        return runs.start(folder / WANTED, [folder / DATA], folder, base=base.folder), gone
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _size(dataset: Dataset, base: Card) -> int:
    """Bytes that a run will take: recordings, state and weights."""
    files = sum(path.stat().st_size for path in dataset.folder.rglob("*") if path.is_file())
    return files + STATES * sum(path.stat().st_size for path in base.folder.iterdir())


def measuring(config: TrainingConfig, dataset: Dataset, base: Card, folder: Path) -> list[str]:
    """The command that measures what a run costs here; it prints the `Cost` as JSON."""
    path = folder / "measured.json"
    write_json(path, dataclasses.asdict(config))
    return processes.command("cost", path, "--data", dataset.folder, "--base", base.folder)


def cost_in(printed: str) -> Cost:
    """What `measuring` printed; `USUAL` where it is of no use."""
    try:
        found = json.loads(printed.strip().splitlines()[-1])
        return Cost(**{one.name: float(found[one.name]) for one in dataclasses.fields(Cost)})
    except (IndexError, KeyError, TypeError, ValueError):
        return USUAL


def _link(source: str, target: str) -> None:
    """A second name for a file, which outlives the first; a copy where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def title(count: int, base: Card) -> str:
    """What the page calls a run on so many recordings."""
    return f"{base.title or base.name}, {count} recording{'' if count == 1 else 's'}"


def title_of(run: Run) -> str:
    """The run's title."""
    return str(read_json(run.folder / NOTE).get("title", run.name))


def titled(run: Run) -> str:
    """The run's title, and when it was started."""
    return f"{title_of(run)}, {time.strftime('%d %b %H:%M', time.localtime(run.started()))}"


def found(owner: str, rules: Rules) -> list[Run]:
    """The runs that this visitor may see, the newest first."""
    ours = [run for run in runs.find() if (run.folder / NOTE).is_file()]
    return [run for run in ours if not rules.shared or _is_of(run, owner)]


def _is_of(run: Run, owner: str) -> bool:
    return bool(owner) and read_json(run.folder / NOTE).get("owner") == _signed(owner)


def _signed(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest() if owner else ""


def can_resume(run: Run) -> bool:
    """Whether it ended before its time, with a state to go on from."""
    ended = run.outcome()
    return ended is not None and (
        ended.reason in ("stopped", "lost")
        or (ended.reason == "failed" and (run.folder / LAST).is_file())
    )


def can_train_on(run: Run) -> bool:
    """Whether it has reached its length, with a state to go on from."""
    ended = run.outcome()
    return ended is not None and ended.reason == "done" and (run.folder / LAST).is_file()


def train_on(run: Run, rules: Rules, *, minutes: float = 0.0, steps: int = 0) -> None:
    """Makes a run longer and goes on with it; it waits for an improvement as long again.

    Args:
        minutes, steps: more than so far, either of them.

    Raises:
        ValueError: it would take longer than allowed, or a run is going on.
    """
    end = run.events()[-1]
    spent, done = float(end.get("seconds") or 0.0) / 60, max(1, int(end["step"]))
    whole = spent * (done + steps) / done if steps else spent + minutes
    most = rules.of_runs.minutes
    if most is not None and whole > most:
        raise ValueError(
            f"A run may take {most:g} minutes here in all, and this one has taken {spent:.1f}."
        )
    patience = run.training().get("patience") or None
    length: dict[str, Any] = {"steps": done + steps} if steps else {"minutes": round(whole, 3)}
    run.resume(**length, patience=patience and patience + PATIENCE)


def has_best(run: Run) -> bool:
    """Whether there is a result to listen to, to judge and to use."""
    return (run.folder / BEST / "card.json").is_file()


def used(run: Run) -> Card | None:
    """The checkpoint that the run's best weights have become, if they have."""
    weights = read_json(run.folder / BEST / "card.json").get("sha256")
    return next(
        (card for card in available(search_path()) if weights and card.sha256 == weights), None
    )


def name_for(text: str) -> str:
    """A checkpoint's name out of what somebody calls it, other than all there are."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    bare = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:56] or "fine-tuned"
    taken, name, number = {card.name for card in available(search_path())}, bare, 2
    while name in taken:
        name, number = f"{bare}-{number}", number + 1
    return name
