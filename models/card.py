"""Cards: the description of a checkpoint, card.json."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.config import short
from models.registry import NETS

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
CARD = "card.json"
LARGEST = 1 << 20  # bytes of a card
LONGEST_TEXT = 5000  # characters
DEEPEST = 20  # levels of lists and objects in a card
KINDS = {"str": str, "int": int, "dict": dict, "list": list, "Path": Path}

CONTENTS = {
    "speech": "speech",
    "music": "music, with or without voices",
    "noisy": "speech or music with noise in it",
    "mixture": "voices over music, to be separated",
    "any": "any sound",
}
"""The kinds of sound that a net can be trained for. An unknown kind is "", and never proposed."""

CLASSES = ("speech", "music", "singing", "other")
"""What the content classifier tells apart, in the order of its scores."""


@dataclasses.dataclass(frozen=True)
class Card:
    """The description of a checkpoint.

    Args:
        name: of its folder.
        model: key of `models.registry.NETS`.
        config: the fields of the net's config dataclass.
        content: the kind of sound that it was trained for, a key of `CONTENTS`; "" if unknown.
        title, summary: one line each, for people.
        step: optimiser steps taken.
        metrics: validation table, free form.
        data: one entry for each source: name, licence, minutes.
        licence: of the weights.
        training: the training config; "recipe" in older files.
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
    training: dict[str, Any] = dataclasses.field(default_factory=dict)
    sha256: str = ""
    folder: Path = SHIPPED

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, kind = getattr(self, field.name), KINDS[str(field.type).partition("[")[0]]
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ValueError(f"{field.name}: got {short(value)}, expected {field.type}")
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                raise ValueError(f"{field.name}: got more than {LONGEST_TEXT} characters")
        if self.model not in NETS:
            known = ", ".join(NETS)
            raise ValueError(f"model: got {short(self.model)}, expected one of {known}")
        if self.content and self.content not in CONTENTS:
            known = ", ".join(CONTENTS)
            raise ValueError(
                f"content: got {short(self.content)}, expected one of {known}, or none"
            )

    def as_dict(self) -> dict[str, Any]:
        """The fields of card.json."""
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "folder"}


def read_card(folder: Path) -> Card:
    """The card in a checkpoint's folder.

    Raises:
        ValueError: missing or not a card.
    """
    try:
        fields = _read_json(folder / CARD)
        known = {field.name for field in dataclasses.fields(Card)} - {"folder"} | {"recipe"}
        if not isinstance(fields, dict) or not {"model", "config"} <= set(fields) <= known:
            raise ValueError(f"got {short(fields)}, expected model, config and other fields of it")
        if "recipe" in fields:
            fields.setdefault("training", fields.pop("recipe"))
        return Card(**{**fields, "name": folder.name, "folder": folder})
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder.name}/{CARD}: not the card of a checkpoint ({error})") from None


def _read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: too large, no JSON, or nested too deeply.
    """
    if not path.is_file():
        raise ValueError("there is no such file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    try:
        value = json.loads(path.read_bytes())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [value]
    for _ in range(DEEPEST):
        level = [entry for container in level for entry in _entries(container)]
    if level:
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    return value


def _entries(value: Any) -> Iterable[Any]:
    """What a list or an object of JSON holds."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
