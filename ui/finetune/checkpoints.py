"""The checkpoints that a run can start from, and those that runs become."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from models.checkpoint import CARD, Card, available, search_path
from training.runs.run import Run
from training.runs.run_folder import BEST, read_json

MODELS = ("enhancer", "spectral_enhancer", "residual_unet", "plain_unet")


def bases() -> list[Card]:
    """The checkpoints that a run can start from: those that enhance."""
    return [card for card in available(search_path()) if card.model in MODELS]


def choices() -> list[tuple[str, str]]:
    """The same for a list: (title, name)."""
    return [(card.title or card.name, card.name) for card in bases()]


def base_of(name: Any) -> Card:
    """The checkpoint of that name.

    Raises:
        ValueError: there is no such checkpoint that enhances.
    """
    for card in bases():
        if card.name == name:
            return card
    raise ValueError("Choose a checkpoint to start from.")


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
