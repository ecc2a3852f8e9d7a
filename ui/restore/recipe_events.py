"""What happens around the recipe: by name, from a file, as proposed; and how long it will take."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from pipeline import recipe
from ui.components import chain_form, html
from ui.components.formatting import about
from ui.restore import outcome
from ui.restore.comparison import MOST, Candidate
from ui.restore.source import Source
from ui.restore.steps import loaded
from ui.session import Session, plain_error, uploaded

DEFAULT = "band-limited-speech"
"""The recipe that a new page shows."""

OWN = "own"
"""The recipe list's entry for settings that no named recipe has."""

PROPOSED = "proposed"
"""The recipe list's entry for what the diagnosis proposes."""

Value = dict[str, Any]


def first_value(stages: Mapping[str, type]) -> Value:
    """What the editor of a new page shows."""
    return filled({}, recipe.read(DEFAULT), stages)


def choices(source: Source | None = None) -> list[tuple[str, str]]:
    """The recipe list: (text, name), with what is proposed for a recording first."""
    listed = [("Own settings", OWN), *((title, name) for name, title in recipe.titles().items())]
    if source is None:
        return listed
    return [(f"Proposed: {proposal_title(source)}", PROPOSED), *listed]


def proposal_title(source: Source) -> str:
    """What the proposed recipe is called, in a few words."""
    proposed = source.diagnosis.recipe
    if not proposed["stages"]:
        return "no stage" if source.diagnosis.troubles else "nothing to do"
    return " + ".join(chain_form.title(entry["stage"]) for entry in proposed["stages"])


def filled(value: Any, document: Mapping[str, Any], stages: Mapping[str, type]) -> Value:
    """The editor's value with another recipe's cards; the visitor's own networks stay."""
    own = value.get("own", {}) if isinstance(value, dict) else {}
    summary = str(document.get("summary", ""))
    return {"cards": chain_form.from_recipe(document, stages), "own": own, "about": summary}


def open_recipe(
    stages: Mapping[str, type], session: Session | None, chosen: str, value: Any
) -> Value:
    """The editor's value for a recipe by name or uploaded file; any other path is refused.

    Raises:
        gr.Error: it cannot be read; what is shown stays.
    """
    try:
        if chosen == OWN:
            return gr.skip()
        if chosen == PROPOSED and session is not None and session.source is not None:
            return filled(value, session.source.diagnosis.recipe, stages)
        if chosen not in recipe.named() and uploaded(chosen) is None:
            return gr.skip()
        return filled(value, recipe.read(chosen, chain_form.places(stages)), stages)
    except Exception as error:
        raise gr.Error(escape(plain_error(error))) from error


def withdrawn(stages: Mapping[str, type], named: str, value: Any) -> dict[str, Any]:
    """Takes what was proposed for a recording off the page; any other recipe stays."""
    listed = choices()
    updates: dict[str, Any] = {"rivals": gr.update(choices=listed, value=[OWN])}
    if named != PROPOSED:
        return {**updates, "named": gr.update(choices=listed, value=named)}
    cards = filled(value, recipe.read(DEFAULT), stages)
    return {**updates, "named": gr.update(choices=listed, value=DEFAULT), "chain": cards}


def rivals(source: Source) -> list[tuple[str, str]]:
    """The recipes that can be compared; to do nothing is none."""
    return choices(source if source.diagnosis.recipe["stages"] else None)


def candidates(
    stages: Mapping[str, type], session: Session, names: Any, value: Any
) -> list[Candidate]:
    """The recipes that are to be compared, by their names in the recipe list.

    Raises:
        ValueError: none, too many, or one that cannot be run as it is.
    """
    if not names or len(names) > MOST:
        raise ValueError(f"Choose one to {MOST} recipes to compare.")
    titles = {name: title for title, name in choices()} | {PROPOSED: "Proposed"}
    found = []
    for name in dict.fromkeys(names):
        document = _document(stages, session.source, name, value)
        chain = loaded(document, session.networks)
        found.append(Candidate(name, titles[name], document, chain))
    return found


def _document(stages: Mapping[str, type], source: Source, name: str, value: Any) -> dict[str, Any]:
    if name == OWN:
        return settings(stages, value)
    if name != PROPOSED and name not in recipe.named():
        raise ValueError("That recipe is no more: choose another.")
    found = source.diagnosis.recipe if name == PROPOSED else recipe.read(name)
    if not found["stages"]:
        raise ValueError("The proposal is to do nothing: there is nothing to compare it with.")
    return dict(found)


def settings(stages: Mapping[str, type], value: Any) -> dict[str, Any]:
    """The recipe that the editor shows; raises `ValueError` like `chain_form.to_recipe`."""
    return chain_form.to_recipe(value.get("cards") if isinstance(value, dict) else None, stages)


def forecast(stages: Mapping[str, type], session: Session | None, value: Any) -> str:
    """How long restoring the chosen recording will take, or what stands in its way."""
    if session is None or session.source is None:
        return ""
    if session.job is not None and not session.job.ended:
        return gr.skip()
    try:
        chain = recipe.load(settings(stages, value))
        seconds = outcome.estimate_s(session.source.audio, chain)
        files = outcome.to_fetch(chain)
    except Exception as error:
        return html.problem(plain_error(error))
    first = f" {files} file(s) of the separator will be downloaded first." if files else ""
    return html.note(f"Restoring all of it will take about {about(seconds)}.{first}")


def proposed(stages: Mapping[str, type], source: Source, named: str, value: Any) -> dict[str, Any]:
    """Puts what is proposed into list and editor; settings of the visitor's own stay there."""
    if named == OWN:
        return {"named": gr.update(choices=choices(source), value=OWN)}
    cards = filled(value, source.diagnosis.recipe, stages)
    return {"named": gr.update(choices=choices(source), value=PROPOSED), "chain": cards}
