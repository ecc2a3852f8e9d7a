"""Checkpoints: folders with weights.safetensors and card.json, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import registry

if TYPE_CHECKING:
    from torch import nn

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
WEIGHTS, CARD = "weights.safetensors", "card.json"

CONTENTS = {
    "speech": "voices that speak",
    "music": "music, with or without voices",
    "noisy": "speech or music with noise in it",
}
"""What a net can be made for. A card that does not say so has "", and is never proposed."""


@dataclasses.dataclass(frozen=True)
class Card:
    """What a checkpoint says of itself.

    Args:
        name: of its folder.
        model: key of `models.registry.NETS`.
        config: the fields of the net's config dataclass.
        content: the kind of sound that it was made for, a key of `CONTENTS`; "" where not stated.
        title, summary: one line each, for people.
        step: optimiser steps taken.
        metrics: validation table, free form.
        data: one entry for each source: name, licence, minutes.
        licence: of the weights.
        recipe: how it was trained.
        sha256: of weights.safetensors, hexadecimal.
        folder: where it lies; not part of card.json.
    """

    name: str
    model: str
    config: dict[str, Any]
    content: str = ""
    title: str = ""
    summary: str = ""
    step: int = 0
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)
    data: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    licence: str = ""
    recipe: dict[str, Any] = dataclasses.field(default_factory=dict)
    sha256: str = ""
    folder: Path = SHIPPED

    def __post_init__(self) -> None:
        if self.content and self.content not in CONTENTS:
            known = ", ".join(CONTENTS)
            raise ValueError(f"content: got {self.content!r}, expected one of {known}, or none")

    def as_dict(self) -> dict[str, Any]:
        """The fields of card.json."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "folder"}


def user_root() -> Path:
    """The folder of the machine's owner's checkpoints.

    $WAVEMEND_CHECKPOINTS, else checkpoints/ among the runs ($WAVEMEND_RUNS, else runs/).
    """
    runs = Path(os.environ.get("WAVEMEND_RUNS") or SHIPPED.parent / "runs")
    return Path(os.environ.get("WAVEMEND_CHECKPOINTS") or runs / "checkpoints")


def search_path(own: str | Path = "") -> tuple[Path, ...]:
    """Folders of checkpoints, in which the first of a name counts.

    Args:
        own: a visitor's own folder. It comes last, so that no name in it stands for another's.
    """
    return (user_root(), SHIPPED, *([Path(own)] if str(own) else []))


def available(folders: Iterable[Path] = (SHIPPED,)) -> list[Card]:
    """The cards of all checkpoints in some folders, by name; the shipped ones by default."""
    cards: dict[str, Card] = {}
    for folder in folders:
        for file in folder.glob(f"*/{CARD}"):
            cards.setdefault(file.parent.name, read_card(file.parent))
    return [cards[name] for name in sorted(cards)]


def find(name: str, folders: Iterable[Path] = (SHIPPED,)) -> Card:
    """The card of a checkpoint by its name.

    Raises:
        ValueError: no folder has one of that name; the message lists those there are.
    """
    folders = list(folders)
    if Path(name).name == name:
        for folder in folders:
            if (folder / name / CARD).is_file():
                return read_card(folder / name)
    names = ", ".join(card.name for card in available(folders)) or "none"
    raise ValueError(f"checkpoint: got {name!r}, expected one of: {names}")


def read_card(folder: Path) -> Card:
    """The card in a checkpoint's folder.

    Raises:
        ValueError: missing or not a card.
    """
    path = folder / CARD
    try:
        return Card(**{**json.loads(path.read_text()), "name": folder.name, "folder": folder})
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected a checkpoint's card, got {error}") from None


def load(folder: Path, precision: str = "float32") -> nn.Module:
    """A checkpoint's net on the CPU in the form in which it runs: see `net.inference_form`.

    Raises:
        ValueError: no checkpoint lies there, or its weights are not those of its card.
    """
    from models.net import inference_form

    return inference_form(load_for_training(folder), precision)


def load_for_training(folder: Path) -> nn.Module:
    """A checkpoint's net as it is trained: weight norm in place, gradients on.

    Raises:
        ValueError: no checkpoint lies there, or its weights are not those of its card.
    """
    card = read_card(folder)
    net = registry.build(card.model, card.config)
    net.load_state_dict(_weights(card))
    return net


def save_checkpoint(net: nn.Module, folder: Path, *, half: bool = False, **details: Any) -> Card:
    """Writes weights and card, each to a temporary name first.

    Args:
        net: in its training form; its `config` goes into the card.
        folder: made if missing; its name becomes the checkpoint's.
        half: store float16, half the size; loaded as float32.
        details: further fields of `Card` (title, content, step, metrics, ...).
    """
    from safetensors.torch import save

    state = {
        key: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for key, value in net.state_dict().items()
    }
    weights = save(state)
    card = Card(
        name=folder.name,
        model=registry.name_of(net),
        config=dataclasses.asdict(net.config),
        sha256=hashlib.sha256(weights).hexdigest(),
        folder=folder,
        **details,
    )
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / WEIGHTS, weights)
    _replace(folder / CARD, (json.dumps(card.as_dict(), indent=1) + "\n").encode())
    return card


def _weights(card: Card) -> dict[str, Any]:
    from safetensors.torch import load as parse

    data = (card.folder / WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise ValueError(
            f"{card.folder / WEIGHTS}: its SHA-256 is not the card's; download or copy it again"
        )
    return {
        key: value.float() if value.is_floating_point() else value
        for key, value in parse(data).items()
    }


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
