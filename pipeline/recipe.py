"""A chain as JSON, and back.

    {"version": 1, "title": "...", "summary": "...",
     "stages": [{"stage": NAME, "reason": "...", ...knobs}, ...]}

Title, summary and reasons are for people, and optional. A stage that runs a chain of its own on
every stem has that chain's entries under "stages" and {stem: dB or null} under "gains_db".
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.knobs import knobs
from pipeline.stage import Chain

VERSION = 1

STAGES: dict[str, str] = {
    "remove_hum": "pipeline.stages.remove_hum:RemoveHum",
    "declick": "pipeline.stages.declick:Declick",
    "dequantize": "pipeline.stages.dequantize:Dequantize",
    "denoise": "pipeline.stages.denoise:Denoise",
    "snmf": "pipeline.stages.snmf:Snmf",
    "mask_unet": "pipeline.stages.cleaners:MaskUnet",
    "wavenet": "pipeline.stages.cleaners:WaveNet",
    "per_stem": "pipeline.stages.per_stem:PerStem",
    "enhance": "pipeline.stages.enhance:Enhance",
    "tone": "pipeline.stages.tone:Tone",
}
"""Every stage a recipe can name: name -> "module:Class", imported when first needed."""

FOLDER = Path(__file__).parent.parent / "assets" / "recipes"

BESIDES_KNOBS = ("stages", "gains_db")
"""Settings of a stage that a recipe holds although no single control on a form can show them."""


class RecipeError(ValueError):
    """A recipe that cannot be read; the text names the stage, the key, and what is allowed."""


def stage_classes(stages: Mapping[str, str] = STAGES) -> dict[str, type]:
    """The stages by name, imported, in the order in which a form should show them."""
    return {name: _imported(place) for name, place in stages.items()}


def named() -> list[str]:
    """The names of the recipes that come with the product."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def titles() -> dict[str, str]:
    """The recipes that come with the product: name -> title, in the order of `named`."""
    return {name: read(name).get("title") or _as_title(name) for name in named()}


def read(
    source: str | Path | Mapping[str, Any], stages: Mapping[str, str] = STAGES
) -> dict[str, Any]:
    """The document of a recipe, checked: what `load` reads, with title, summary and reasons.

    Raises:
        RecipeError: as `load` does.
    """
    document = _document(source)
    load(source if isinstance(source, (str, Path)) else document, stages)
    return dict(document)


def load(source: str | Path | Mapping[str, Any], stages: Mapping[str, str] = STAGES) -> Chain:
    """The chain that a recipe describes.

    Args:
        source: a recipe's name (see `named`), the path of its JSON file, or the document itself.
        stages: the stages it may name; see STAGES.

    Raises:
        RecipeError: (a ValueError) no such recipe, not JSON, unknown key, or a value out of range.
    """
    document = _document(source)
    try:
        return _chain(document, stages)
    except RecipeError as error:
        if isinstance(source, Mapping):
            raise
        raise RecipeError(f"{_find(source).name}: {error}") from error


def dump(chain: Chain, stages: Mapping[str, str] = STAGES) -> dict[str, Any]:
    """The recipe of a chain, every knob written out, so that it stays the same when defaults move.

    Raises:
        RecipeError: a stage of the chain is not among `stages`.
    """
    return {"version": VERSION, "stages": _entries(chain.stages, stages)}


def _entries(chain: Iterable[Any], stages: Mapping[str, str]) -> list[dict[str, Any]]:
    names = {place: name for name, place in stages.items()}
    entries = []
    for stage in chain:
        place = f"{type(stage).__module__}:{type(stage).__qualname__}"
        if place not in names:
            raise RecipeError(f"{place} has no name in a recipe, expected one of {list(stages)}")
        entry = {"stage": names[place], **{name: getattr(stage, name) for name in knobs(stage)}}
        if "gains_db" in _besides(type(stage)):
            entry["gains_db"] = dict(stage.gains_db)
        if "stages" in _besides(type(stage)):
            entry["stages"] = _entries(stage.stages, stages)
        entries.append(entry)
    return entries


def _as_title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _document(source: str | Path | Mapping[str, Any]) -> Any:
    if isinstance(source, Mapping):
        return source
    path = _find(source)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise RecipeError(f"{path.name}: not a readable JSON file ({error})") from error


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
    _check_keys(document, {"version", "title", "summary", "stages"}, "recipe")
    if document.get("version") != VERSION:
        raise RecipeError(f"version: got {document.get('version')!r}, expected {VERSION}")
    for key in ("title", "summary"):
        _check_text(document, key)
    return Chain(_stages(document.get("stages"), stages))


def _stages(entries: Any, stages: Mapping[str, str], inside: str = "") -> tuple[Any, ...]:
    """The stages of a list; `inside` names the stage whose own chain it is."""
    if not isinstance(entries, list):
        raise RecipeError(f"stages: got {entries!r}, expected a list")
    return tuple(_stage(entry, at, stages, inside) for at, entry in enumerate(entries, 1))


def _stage(entry: Any, index: int, stages: Mapping[str, str], inside: str) -> Any:
    at = f"stage {index}"
    name = entry.get("stage") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or name not in stages:
        raise RecipeError(f"{at}: got {name!r}, expected one of {', '.join(stages)}")
    at = f"{at} ({name})"
    cls = _imported(stages[name])
    besides = _besides(cls)
    if inside and "stages" in besides:
        raise RecipeError(f"{at}: cannot run inside {inside}; put it before or after")
    settings = {key: value for key, value in entry.items() if key not in ("stage", "reason")}
    _check_keys(settings, {*knobs(cls), *besides}, at)
    try:
        _check_text(entry, "reason")
        if "stages" in settings:
            settings["stages"] = _stages(settings["stages"], stages, name)
        return cls(**settings)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{at}: {error}") from error


def _besides(cls: type) -> set[str]:
    names = {field.name for field in dataclasses.fields(cls)}
    return names.intersection(BESIDES_KNOBS)


def _check_text(entry: Mapping[str, Any], key: str) -> None:
    if not isinstance(entry.get(key, ""), str):
        raise RecipeError(f"{key}: got {entry[key]!r}, expected a text")


def _check_keys(got: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(got) - allowed, key=str):
        keys = ", ".join(map(repr, unknown))
        raise RecipeError(f"{where}: unknown key {keys}, expected {', '.join(sorted(allowed))}")


def _imported(place: str) -> type:
    module, _, name = place.partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found
