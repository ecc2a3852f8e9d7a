"""The checkpoints that a run can start from, and those that runs become."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from models.checkpoint import CARD, Card, available, search_path
from training.runs.run import Run
from training.runs.run_folder import BEST, read_json
from ui.finetune.networks import FRESH, NETWORKS


def bases() -> list[Card]:
    """The checkpoints that a run can start from."""
    return [card for card in available(search_path()) if card.model in NETWORKS]


def starts() -> list[Card]:
    """The same, and the networks that a run can start from without weights."""
    return [*bases(), *(_fresh(model) for model, one in NETWORKS.items() if one.size)]


def _fresh(model: str) -> Card:
    network = NETWORKS[model]
    title = f"{network.title}, new, size {network.size}"
    return Card(f"{FRESH}{model}", model, network.fresh_config(model), title=title)


def weights_of(base: Card) -> Path | None:
    """The folder of the weights that a run starts from; None where they are fresh."""
    return base.folder if base.sha256 else None


def rate_of(base: Card) -> int:
    """The rate in Hz of a network."""
    return int(base.config.get("sample_rate", 48_000))


def choices() -> list[tuple[str, str]]:
    """What a run can start from, for a list: (title, name)."""
    return [(card.title or card.name, card.name) for card in starts()]


def base_of(name: Any) -> Card:
    """The start of that name.

    Raises:
        ValueError: there is none.
    """
    for card in starts():
        if card.name == name:
            return card
    raise ValueError("Choose a checkpoint or a network to start from.")


def has_best(run: Run) -> bool:
    """Whether a run has weights to listen to, to judge and to use."""
    return (run.folder / BEST / CARD).is_file()


def made_of(run: Run, own: Path | None = None) -> Card | None:
    """The checkpoint that holds a run's best weights, if there is one.

    Args:
        own: folder of the visitor's own checkpoints.
    """
    sha256 = read_json(run.folder / BEST / CARD).get("sha256")
    cards = available(search_path(own or ""))
    return next((card for card in cards if sha256 and card.sha256 == sha256), None)


def free_name(title: str, own: Path | None = None) -> str:
    """A checkpoint's name made from its title, with a number where the name is taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:56] or "fine-tuned"
    taken = {card.name for card in available(search_path(own or ""))}
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name
