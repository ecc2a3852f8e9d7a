"""A chain as JSON, and back: {"version": 1, "stages": [{"stage": NAME, ...knobs}, ...]}."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.stage import Chain, knobs

VERSION = 1

STAGES: dict[str, str] = {
    "enhance": "pipeline.enhance:Enhance",
}
"""Every stage a recipe can name: name -> "module:Class", imported when first needed."""

FOLDER = Path(__file__).parent.parent / "assets" / "recipes"


class RecipeError(ValueError):
    """A recipe that cannot be read; the text names the stage, the key, and what is allowed."""


def stage_classes(stages: Mapping[str, str] = STAGES) -> dict[str, type]:
    """The stages by name, imported, in the order in which a form should show them."""
    return {name: _imported(place) for name, place in stages.items()}


def named() -> list[str]:
    """The names of the recipes that come with the product."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(source: str | Path | Mapping[str, Any], stages: Mapping[str, str] = STAGES) -> Chain:
    """The chain that a recipe describes.

    Args:
        source: a recipe's name (see `named`), the path of its JSON file, or the document itself.
        stages: the stages it may name; see STAGES.

    Raises:
        RecipeError: (a ValueError) no such recipe, not JSON, unknown key, or a value out of range.
    """
    if isinstance(source, Mapping):
        return _chain(source, stages)
    path = _find(source)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecipeError(f"{path.name}: not a readable JSON file ({error})") from error
    try:
        return _chain(document, stages)
    except RecipeError as error:
        raise RecipeError(f"{path.name}: {error}") from error


def dump(chain: Chain, stages: Mapping[str, str] = STAGES) -> dict[str, Any]:
    """The recipe of a chain, every knob written out, so that it stays the same when defaults move.

    Raises:
        RecipeError: a stage of the chain is not among `stages`.
    """
    names = {place: name for name, place in stages.items()}
    entries = []
    for stage in chain.stages:
        place = f"{type(stage).__module__}:{type(stage).__qualname__}"
        if place not in names:
            raise RecipeError(f"{place} has no name in a recipe, expected one of {list(stages)}")
        settings = {name: getattr(stage, name) for name in knobs(stage)}
        entries.append({"stage": names[place], **settings})
    return {"version": VERSION, "stages": entries}


def _find(source: str | Path) -> Path:
    for path in (Path(source), FOLDER / f"{source}.json"):
        if path.is_file() and path.suffix == ".json":
            return path
    raise RecipeError(
        f"got recipe {str(source)!r}, expected a .json file or one of {', '.join(named())}"
    )


def _chain(document: Any, stages: Mapping[str, str]) -> Chain:
    if not isinstance(document, Mapping):
        raise RecipeError(f'got {type(document).__name__}, expected {{"version": 1, "stages": []}}')
    _check_keys(document, {"version", "stages"}, "recipe")
    if document.get("version") != VERSION:
        raise RecipeError(f"version: got {document.get('version')!r}, expected {VERSION}")
    entries = document.get("stages")
    if not isinstance(entries, list):
        raise RecipeError(f"stages: got {entries!r}, expected a list")
    return Chain(tuple(_stage(entry, at, stages) for at, entry in enumerate(entries, 1)))


def _stage(entry: Any, at: int, stages: Mapping[str, str]) -> Any:
    name = entry.get("stage") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or name not in stages:
        raise RecipeError(f"stage {at}: got {name!r}, expected one of {', '.join(stages)}")
    cls = _imported(stages[name])
    settings = {key: value for key, value in entry.items() if key != "stage"}
    _check_keys(settings, set(knobs(cls)), f"stage {at} ({name})")
    try:
        return cls(**settings)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"stage {at} ({name}): {error}") from error


def _check_keys(got: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(got) - allowed):
        keys = ", ".join(map(repr, unknown))
        raise RecipeError(f"{where}: unknown key {keys}, expected {', '.join(sorted(allowed))}")


def _imported(place: str) -> type:
    module, _, name = place.partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found
