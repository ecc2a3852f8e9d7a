"""A recipe as cards that can be switched, set and moved, and back: the chain editor's value.

A card is {"stage": NAME, "on": bool, "settings": {knob: value}, "reason": str}; that of a stage
which runs a chain of its own on every stem also has "gains_db": {stem: dB or None} and
"cards": [...], the stages that run on each stem. The cards that are on run in the order of the
list. A new stage joins the form by existing: everything is drawn from its `knob()` metadata.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline import recipe
from pipeline.knobs import Knob, knobs
from pipeline.recipe_text import about, label, title
from pipeline.separation.separators import DEMUCS, SEPARATORS
from pipeline.stage import SeparatesStems
from pipeline.stages.per_stem import HIGHEST_GAIN_DB, LOWEST_GAIN_DB
from ui.components.strength import FACTORS

Card = dict[str, Any]
Choices = Mapping[tuple[str, str], Sequence[tuple[str, Any]]]
"""(stage, knob) -> (text, value) of values known only at run time, such as checkpoints."""


def title_of(stage: Any, stages: Mapping[str, type]) -> str:
    """The display name of a stage object."""
    names = [name for name, cls in stages.items() if type(stage) is cls]
    return title(names[0]) if names else type(stage).__name__


def catalogue(stages: Mapping[str, type], choices: Choices | None = None) -> list[dict[str, Any]]:
    """Every stage as the editor needs it, in JSON values and the natural order."""
    return [
        {
            "name": name,
            "title": title(name),
            "about": about(cls),
            "knobs": [_control(name, knob, meta, choices or {}) for knob, meta in _knobs(cls)],
            "inner": runs_chain(cls),
            "stems": _stems(cls) if runs_chain(cls) else {},
            "alone": [one for one in SEPARATORS if one not in DEMUCS],
            "gains": [LOWEST_GAIN_DB, HIGHEST_GAIN_DB],
            "strength": FACTORS.get(name, {}),
        }
        for name, cls in stages.items()
    ]


def runs_chain(cls: type) -> bool:
    """Whether a stage runs a chain of its own."""
    return isinstance(cls(), SeparatesStems)


def new_cards(stages: Mapping[str, type]) -> list[Card]:
    """Every stage once, off and at its defaults."""
    return [card(name, cls) for name, cls in stages.items()]


def card(name: str, cls: type, entry: Mapping[str, Any] | None = None) -> Card:
    """A stage's card without its inner cards; on if there is a recipe's entry for it."""
    given = entry or {}
    settings = {knob: given.get(knob, meta.default) for knob, meta in _knobs(cls)}
    new: Card = {
        "stage": name, "on": entry is not None, "settings": settings,
        "reason": str(given.get("reason", "")),
    }  # fmt: skip
    if runs_chain(cls):
        new |= {"gains_db": dict(given.get("gains_db", {})), "cards": []}
    return new


def from_recipe(document: Mapping[str, Any], stages: Mapping[str, type]) -> list[Card]:
    """The cards of a recipe in its order, then one, off, for every stage it does not name.

    Raises:
        ValueError: it is not a recipe of these stages; see `pipeline.recipe.load`.
    """
    recipe.load(document, import_paths(stages))
    entries = document["stages"]
    named = {entry["stage"] for entry in entries}
    unused = [one for one in new_cards(stages) if one["stage"] not in named]
    return _cards(entries, stages) + unused


def to_recipe(cards: Any, stages: Mapping[str, type]) -> dict[str, Any]:
    """The recipe of the cards, checked: they come from a browser and may hold anything.

    Raises:
        ValueError: no stage is switched on, or the recipe cannot be read.
    """
    document = {"version": recipe.VERSION, "stages": _entries(cards, stages)}
    if not document["stages"]:
        raise ValueError("The recipe is empty: switch on at least one stage.")
    chain = recipe.load(document, import_paths(stages))
    return recipe.dump(chain, import_paths(stages))


def import_paths(stages: Mapping[str, type]) -> dict[str, str]:
    """Where `pipeline.recipe` imports the stages from: name -> "module:class"."""
    return {name: f"{cls.__module__}:{cls.__qualname__}" for name, cls in stages.items()}


def _cards(entries: Iterable[Mapping[str, Any]], stages: Mapping[str, type]) -> list[Card]:
    cards = []
    for entry in entries:
        one = card(entry["stage"], stages[entry["stage"]], entry)
        if "cards" in one:
            one["cards"] = _cards(entry.get("stages", []), stages)
        cards.append(one)
    return cards


def _entries(cards: Any, stages: Mapping[str, type], inside: bool = False) -> list[dict[str, Any]]:
    if not isinstance(cards, list) or not all(isinstance(one, dict) for one in cards):
        raise ValueError("The page has sent no recipe: reload it.")
    return [_entry(one, stages, inside) for one in cards if one.get("on")]


def _entry(one: Card, stages: Mapping[str, type], inside: bool) -> dict[str, Any]:
    name, settings = str(one.get("stage")), one.get("settings")
    if name not in stages or not isinstance(settings, dict):
        return {"stage": name}
    entry = {**settings, "stage": name}
    if runs_chain(stages[name]) and not inside:
        entry["gains_db"] = one.get("gains_db", {})
        entry["stages"] = _entries(one.get("cards", []), stages, inside=True)
    return entry


def step(low: float, high: float, whole: bool) -> float:
    """A slider's step: 1, 2 or 5 times a power of ten, about 200 steps in all."""
    rough = (high - low) / 200
    power = 10.0 ** math.floor(math.log10(rough))
    nice = min((1, 2, 5, 10), key=lambda n: abs(n * power - rough)) * power
    return max(1.0, round(nice)) if whole else nice


def _knobs(cls: type) -> Iterable[tuple[str, Knob]]:
    return knobs(cls).items()


def _stems(cls: type) -> dict[str, list[str]]:
    """Separator -> the names of its stems."""
    choices = knobs(cls)["separator"].choices
    return {choice: list(cls(separator=choice).names) for choice in choices}


def _control(stage: str, name: str, meta: Knob, choices: Choices) -> dict[str, Any]:
    options = choices.get((stage, name)) or [(str(one), one) for one in meta.choices]
    return {
        "name": name,
        "label": label(name, meta),
        "unit": meta.unit,
        "help": meta.help,
        "default": meta.default,
        "optional": meta.optional,
        "choices": [] if meta.type is bool else [list(one) for one in options],
        "range": _range(meta),
        "kind": {bool: "tick", str: "text"}.get(meta.type, "number"),
    }


def _range(knob: Knob) -> list[float] | None:
    """Lowest and highest value of a slider, and its step; None where there is no slider."""
    low, high = knob.low, knob.high
    if low is None or high is None or high <= low:
        return None
    return [low, high, step(low, high, knob.type is int)]
