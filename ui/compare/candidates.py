"""What can be compared: recipes by name, the three paths, the visitor's own, finished files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import recipe
from ui.components import chain_form
from ui.restore import recipe_events
from ui.session import Session, uploaded

MOST = 4
"""Recipes and files beside the input."""

RESTORE = "restore"
"""The list's entry for what Restore's editor shows."""

OWN_PREFIX = "own:"
"""What precedes the names of recipes that the visitor has saved."""

LONGEST_NAME, MOST_SAVED = 60, 30

PATHS: dict[str, tuple[str, dict[str, Any] | str]] = {
    "path-demucs": ("Demucs + S-NMF", "ai-generated-music"),
    "path-unet": ("U-Net", {"version": recipe.VERSION, "stages": [{"stage": "mask_unet"}]}),
    "path-wavenet": ("WaveNet", {"version": recipe.VERSION, "stages": [{"stage": "wavenet"}]}),
}
"""The paths for generated music: name -> (title, recipe).

Source: Ensoli and Massignan 2025, "A Hybrid Pipeline for Restoration of AI-Generated Instrumental
Music", sections 3 and 4.
"""

Saved = Mapping[str, Mapping[str, Any]]
"""Recipes that the visitor has saved in the browser: name -> document."""


@dataclass(frozen=True)
class Candidate:
    """One thing to compare with the input: a recipe, or a finished file.

    Attributes:
        name: the recipe's entry in the list; "" for a file.
        title: its name on the page.
        document: the recipe; None for a file.
        path: the file; None for a recipe.
    """

    name: str
    title: str
    document: Mapping[str, Any] | None = None
    path: Path | None = None


def choices(saved: Saved) -> list[tuple[str, str]]:
    """The list as (text, name)."""
    return [
        ("Recipe of the Restore tab", RESTORE),
        *((title, name) for name, (title, _) in PATHS.items()),
        *((title, name) for name, title in recipe.titles().items()),
        *((f"{name} (yours)", f"{OWN_PREFIX}{name}") for name in saved),
    ]


def read_saved(text: Any, stages: Mapping[str, type]) -> dict[str, dict[str, Any]]:
    """The recipes that the browser keeps; what is not a recipe is left out.

    Args:
        text: JSON {name: {"cards": [...]}} from a browser, or anything else.
    """
    try:
        shelf = recipe.parse(text) if isinstance(text, str) and text else {}
    except ValueError:
        return {}
    saved: dict[str, dict[str, Any]] = {}
    for name, value in shelf.items() if isinstance(shelf, dict) else ():
        if not isinstance(value, dict) or len(saved) >= MOST_SAVED:
            continue
        try:
            saved[str(name)[:LONGEST_NAME]] = chain_form.to_recipe(value.get("cards"), stages)
        except ValueError:
            continue
    return saved


def collect(
    names: Any, files: Any, saved: Saved, session: Session | None, stages: Mapping[str, type]
) -> list[Candidate]:
    """The candidates that the visitor has chosen, recipes first.

    Args:
        names: entries of the list, from a browser.
        files: uploaded files, from a browser.

    Raises:
        ValueError: none, more than `MOST`, or an entry that is no longer there.
    """
    names = list(dict.fromkeys(map(str, names))) if isinstance(names, list) else []
    paths = [path for one in files or () if (path := uploaded(one)) is not None]
    if not 1 <= len(names) + len(paths) <= MOST:
        raise ValueError(
            f"got {len(names)} recipes and {len(paths)} files, expected one to {MOST} in all"
        )
    recipes = [_recipe(name, saved, session, stages) for name in names]
    return _distinct([*recipes, *(Candidate("", path.name, path=path) for path in paths)])


def _distinct(wanted: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, numbered where two have the same title."""
    titles = [one.title for one in wanted]
    return [
        replace(one, title=f"{one.title} ({titles[:at].count(one.title) + 1})")
        if titles.count(one.title) > 1
        else one
        for at, one in enumerate(wanted)
    ]


def _recipe(
    name: str, saved: Saved, session: Session | None, stages: Mapping[str, type]
) -> Candidate:
    if name == RESTORE:
        return Candidate(name, "Recipe of Restore", _of_restore(session, stages))
    if name in PATHS:
        title, source = PATHS[name]
        return Candidate(name, title, recipe.read(source))
    if name.startswith(OWN_PREFIX) and (own := name.removeprefix(OWN_PREFIX)) in saved:
        return Candidate(name, own, saved[own])
    if name not in recipe.named():
        raise ValueError("That recipe no longer exists: choose another.")
    return Candidate(name, recipe.titles()[name], recipe.read(name))


def _of_restore(session: Session | None, stages: Mapping[str, type]) -> dict[str, Any]:
    if session is None or session.editor is None:
        return recipe.read(recipe_events.DEFAULT)
    return recipe_events.document(stages, session.editor.value)
