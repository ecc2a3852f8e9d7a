"""Checkpoints: folders with weights.safetensors and card.json, and nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import registry
from models.card import CARD, SHIPPED, Card, read_card
from models.config import short

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = "weights.safetensors"
LARGEST_WEIGHTS = 1 << 30  # bytes
LONGEST_NAME = 200  # characters of a checkpoint's name


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


def available(folders: Iterable[Path]) -> list[Card]:
    """The cards of all checkpoints in some folders, by name.

    A folder with a damaged card is left out; `find` says what is wrong with it.
    """
    cards: dict[str, Card] = {}
    for folder in folders:
        for file in folder.glob(f"*/{CARD}"):
            with contextlib.suppress(ValueError):
                cards.setdefault(file.parent.name, read_card(file.parent))
    return [cards[name] for name in sorted(cards)]


def find(name: str, folders: Iterable[Path]) -> Card:
    """The card of a checkpoint by its name.

    Raises:
        ValueError: no folder has one of that name; the message lists those there are.
    """
    folders = list(folders)
    if Path(name).name == name != ".." and 0 < len(name) < LONGEST_NAME:
        for folder in folders:
            if (folder / name / CARD).is_file():
                return read_card(folder / name)
    names = ", ".join(card.name for card in available(folders)) or "none"
    raise ValueError(f"checkpoint: got {short(name)}, expected one of: {names}")


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
    state = _weights(card)
    try:
        net.load_state_dict(state)
    except RuntimeError:
        raise ValueError(f"{folder.name}: its weights are not those of its card's net") from None
    return net


def save_checkpoint(net: nn.Module, folder: Path, *, half: bool = False, **details: Any) -> Card:
    """Writes weights and card, each to a temporary name first.

    Args:
        net: in its training form; its `config` goes into the card.
        folder: created if missing; its name becomes the checkpoint's.
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
    from safetensors import SafetensorError
    from safetensors.torch import load as parse

    path, label = card.folder / WEIGHTS, f"{card.name}/{WEIGHTS}"
    if not path.is_file() or path.stat().st_size > LARGEST_WEIGHTS:
        raise ValueError(f"{label}: missing, or larger than {LARGEST_WEIGHTS >> 20} MiB")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise ValueError(f"{label}: its SHA-256 is not the card's; download or copy it again")
    try:
        state = parse(data)
    except SafetensorError as error:
        raise ValueError(f"{label}: not a file of weights ({error})") from None
    return {
        key: value.float() if value.is_floating_point() else value for key, value in state.items()
    }


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
