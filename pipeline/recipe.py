"""A chain as JSON, and back.

    {"version": 1, "title": "...", "summary": "...",
     "stages": [{"stage": NAME, "reason": "...", ...knobs}, ...]}

Title, summary and reasons are for people, and optional. A stage that separates has the chain that
runs on every stem under "stages", and {stem: dB or null} under "gains_db".

A recipe may come from anyone. It holds texts, numbers, true, false and null, and nothing else; its
size and depth are limited, and whatever is wrong with it is a `RecipeError`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.knobs import knobs, shown
from pipeline.stage import Chain, SeparatesStems

VERSION = 1

STAGES: dict[str, str] = {
    "remove_hum": "pipeline.stages.remove_hum:RemoveHum",
    "declick": "pipeline.stages.declick:Declick",
    "declip": "pipeline.stages.declip:Declip",
    "dequantize": "pipeline.stages.dequantize:Dequantize",
    "denoise": "pipeline.stages.denoise:Denoise",
    "denoise_speech": "pipeline.stages.cleaners:DenoiseSpeech",
    "snmf": "pipeline.stages.snmf:Snmf",
    "mask_unet": "pipeline.stages.cleaners:MaskUnet",
    "wavenet": "pipeline.stages.cleaners:WaveNet",
    "per_stem": "pipeline.stages.per_stem:PerStem",
    "enhance": "pipeline.stages.enhance:Enhance",
    "tone": "pipeline.stages.tone:Tone",
}
"""Every stage a recipe can name: name -> "module:Class", imported when first needed."""

FOLDER = Path(__file__).parent.parent / "assets" / "recipes"

SEPARATING_KEYS = ("stages", "gains_db")
"""Further keys of a stage that separates; no single control on a form can show them."""

LARGEST_BYTES = 1 << 20
"""Size of a recipe's file or text."""

MOST_STAGES = 50
"""Stages of a recipe, those that run on stems included."""

MOST_VALUES = 10_000
DEEPEST = 8
LONGEST_TEXT = 2000
UNUSABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and halves of characters, which no page and no file can show."""


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
    return _read(source, stages)[0]


def load(source: str | Path | Mapping[str, Any], stages: Mapping[str, str] = STAGES) -> Chain:
    """The chain that a recipe describes.

    Args:
        source: a recipe's name (see `named`), the path of its JSON file, or the document itself.
        stages: the stages it may name; see STAGES.

    Raises:
        RecipeError: (a ValueError) no such recipe, not JSON, too large, unknown key, or a value of
            another type or out of range.
    """
    return _read(source, stages)[1]


def parse(text: str | bytes) -> Any:
    """The document in a JSON text, of which nothing is checked but the size.

    Raises:
        RecipeError: not JSON, or too large.
    """
    if len(text) > LARGEST_BYTES:
        raise RecipeError(f"got a text of {len(text)} bytes, expected at most {LARGEST_BYTES}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"not a readable JSON text ({error})") from error


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
        if isinstance(stage, SeparatesStems):
            entry["gains_db"] = dict(stage.gains_db)
            entry["stages"] = _entries(stage.stages, stages)
        entries.append(entry)
    return entries


def _as_title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _read(source: Any, stages: Mapping[str, str]) -> tuple[dict[str, Any], Chain]:
    """Document and chain; errors in a file are preceded by its name."""
    if not isinstance(source, (str, Path)):
        return source, _chain(source, stages)
    path = _find(source)
    try:
        document = parse(_bytes(path))
        return document, _chain(document, stages)
    except RecipeError as error:
        raise RecipeError(f"{path.name}: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"cannot be read ({error.strerror})") from error


def _find(source: str | Path) -> Path:
    path = FOLDER / f"{source}.json" if source in named() else Path(source)
    with contextlib.suppress(OSError):  # a name longer than the file system allows
        if path.suffix == ".json" and path.is_file():
            return path
    raise RecipeError(
        f"got recipe {shown(str(source))}, expected a .json file or one of {', '.join(named())}"
    )


def _chain(document: Any, stages: Mapping[str, str]) -> Chain:
    if not isinstance(document, Mapping):
        raise RecipeError(f'got {shown(document)}, expected {{"version": 1, "stages": []}}')
    _check_size(document)
    _check_keys(document, {"version", "title", "summary", "stages"}, "recipe")
    if document.get("version") != VERSION:
        raise RecipeError(f"version: got {shown(document.get('version'))}, expected {VERSION}")
    for key in ("title", "summary"):
        _check_text(document, key)
    return Chain(_stages(document.get("stages"), stages))


def _check_size(document: Any) -> None:
    """Refuses what is too large, too deep or of a type that JSON does not have."""
    pending, n_values, n_stages = [(document, 0)], 0, 0
    while pending:
        value, depth = pending.pop()
        inner: list[Any] = []
        if isinstance(value, Mapping):
            inner = [*value.keys(), *value.values()]
            n_stages += "stage" in value
        elif isinstance(value, list):
            inner = value
        elif not _is_plain(value):
            raise RecipeError(f"got {shown(value)}, expected texts, numbers, true, false and null")
        n_values += len(inner)
        if depth > DEEPEST or n_values > MOST_VALUES or n_stages > MOST_STAGES:
            raise RecipeError(
                f"too large: expected at most {MOST_STAGES} stages, {MOST_VALUES} values, and "
                f"{DEEPEST} levels of nesting"
            )
        pending += [(one, depth + 1) for one in inner]


def _is_plain(value: Any) -> bool:
    """Whether a value is null, a truth value, a number, or a text that can be shown and stored."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and not UNUSABLE.search(value)
    return value is None or isinstance(value, (bool, int, float))


def _stages(entries: Any, stages: Mapping[str, str], inside: str = "") -> tuple[Any, ...]:
    """The stages of a list; `inside` names the stage whose own chain it is."""
    if not isinstance(entries, list):
        raise RecipeError(f"stages: got {shown(entries)}, expected a list")
    return tuple(_stage(entry, at, stages, inside) for at, entry in enumerate(entries, 1))


def _stage(entry: Any, index: int, stages: Mapping[str, str], inside: str) -> Any:
    at = f"stage {index}"
    name = entry.get("stage") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or name not in stages:
        raise RecipeError(f"{at}: got {shown(name)}, expected one of {', '.join(stages)}")
    at = f"{at} ({name})"
    cls = _imported(stages[name])
    further_keys = _further_keys(cls)
    if inside and "stages" in further_keys:
        raise RecipeError(f"{at}: cannot run inside {inside}; put it before or after")
    settings = {key: value for key, value in entry.items() if key not in ("stage", "reason")}
    _check_keys(settings, {*knobs(cls), *further_keys}, at)
    try:
        _check_text(entry, "reason")
        if "stages" in settings:
            settings["stages"] = _stages(settings["stages"], stages, name)
        return cls(**settings)
    except ValueError as error:
        raise RecipeError(f"{at}: {error}") from error


def _further_keys(cls: type) -> tuple[str, ...]:
    """The keys that a stage has in a recipe beside its knobs."""
    return SEPARATING_KEYS if isinstance(cls(), SeparatesStems) else ()


def _check_text(entry: Mapping[str, Any], key: str) -> None:
    if not isinstance(entry.get(key, ""), str):
        raise RecipeError(f"{key}: got {shown(entry[key])}, expected a text")


def _check_keys(entry: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if unknown := sorted(set(entry) - allowed, key=str):
        keys = ", ".join(map(shown, unknown[:5]))
        raise RecipeError(f"{where}: unknown key {keys}, expected {', '.join(sorted(allowed))}")


def _imported(place: str) -> type:
    module, _, name = place.partition(":")
    stage: type = getattr(importlib.import_module(module), name)
    return stage
