"""The damage that a visitor chooses: preset, random, from a file, or set by hand."""

from __future__ import annotations

import functools
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline import damages, recipe
from pipeline.stage import Chain
from ui.components import chain_form
from ui.session import plain_error, uploaded

OWN, RANDOM = "own", "random"
DEFAULT = "generated-music"
LARGEST_SEED = 1 << 31

Value = dict[str, Any]


@functools.cache
def classes() -> dict[str, type]:
    """Every damage by name."""
    return recipe.stage_classes(damages.DAMAGES)


def catalogue() -> list[dict[str, Any]]:
    """The damages as the chain editor needs them; one seed, beside it, is for all of them."""
    entries = chain_form.catalogue(classes())
    for entry in entries:
        entry["knobs"] = [knob for knob in entry["knobs"] if knob["name"] != "seed"]
    return entries


def choices() -> list[tuple[str, str]]:
    """The list of damage as (text, name)."""
    presets = [(title, name) for name, title in damages.titles().items()]
    return [("Own settings", OWN), (damages.RANDOM_TITLE, RANDOM), *presets]


def seed_of(value: Any) -> int:
    """A seed from the page's field, which may hold anything."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return 0
    return int(min(max(value, 0), LARGEST_SEED))


def opened(name: Any, seed: Any) -> Value:
    """The editor's value for an entry of the list; raises `gr.Error` for an unknown one."""
    if name == OWN:
        return gr.skip()
    if name == RANDOM:
        return _value(damages.dump(damages.drawn(seed_of(seed))))
    if name not in damages.named():
        raise gr.Error("That preset no longer exists: choose another.")
    return _value(damages.read(name))


def opened_file(path: Any) -> Value:
    """The editor's value for an uploaded file; raises `gr.Error` where it cannot be read."""
    file = uploaded(path)
    if file is None:
        return gr.skip()
    try:
        return _value(damages.read(Path(file)))
    except Exception as error:
        raise gr.Error(escape(plain_error(error))) from error


def randomised(seed: Any) -> tuple[int, str, Value]:
    """The next seed, the list's entry, and the damage drawn with that seed."""
    new = (seed_of(seed) + 1) % LARGEST_SEED
    return new, RANDOM, opened(RANDOM, new)


def reseeded(name: Any, seed: Any) -> Value:
    """Random damage is drawn anew when the seed is changed by hand; other damage stays."""
    return opened(RANDOM, seed) if name == RANDOM else gr.skip()


def chain_of(name: Any, seed: Any, value: Any) -> Chain:
    """The chain to run; the same on the command line with `--seed`.

    Raises:
        ValueError: no damage is switched on, or the editor's value cannot be read.
    """
    if name == RANDOM:
        return damages.drawn(seed_of(seed))
    cards = value.get("cards") if isinstance(value, dict) else None
    return damages.seeded(damages.load(chain_form.to_recipe(cards, classes())), seed_of(seed))


def _value(document: dict[str, Any]) -> Value:
    cards = chain_form.from_recipe(document, classes())
    return {"cards": cards, "own": {}, "about": str(document.get("summary", ""))}


def first_value() -> Value:
    """The editor's value on a new page."""
    return _value(damages.read(DEFAULT))
