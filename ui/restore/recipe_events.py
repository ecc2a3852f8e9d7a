"""What happens around the recipe: chosen by name, opened, proposed, changed by the visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr

from pipeline import recipe
from pipeline.knobs import knobs
from ui.components import chain_form, html
from ui.components.formatting import about
from ui.restore import estimate
from ui.restore.result import Result
from ui.restore.source import Source
from ui.session import Session, plain_error, uploaded

DEFAULT = "band-limited-speech"
"""The recipe of a new page."""

OWN = "own"
"""The recipe list's entry for the visitor's own settings."""

PROPOSED = "proposed"
"""The recipe list's entry for the diagnosis' proposal."""

CHOOSE_YOURSELF = "To restore it anyway, choose a recipe or switch on a stage."
STALE = "Settings changed: preview again."
NOTHING_ON = "The recipe is empty: switch on at least one stage."

Value = dict[str, Any]
Updates = dict[str, Any]


@dataclass(frozen=True)
class Editor:
    """What a visitor's recipe list and chain editor show.

    Attributes:
        name: the list's entry.
        value: the editor's value.
        own: the visitor's own settings as an editor's value; None if there are none.
    """

    name: str
    value: Any
    own: Any = None


def remember(session: Session | None, name: str, value: Any) -> None:
    """Keeps what list and editor show: for a reload, and own settings for another recording."""
    if session is None:
        return
    own = session.editor.own if session.editor else None
    session.editor = Editor(name, value, value if name == OWN else own)


def first_value(stages: Mapping[str, type]) -> Value:
    """The editor's value on a new page."""
    return filled({}, recipe.read(DEFAULT), stages)


def choices(source: Source | None = None) -> list[tuple[str, str]]:
    """The recipe list as (text, name); the proposal for a recording comes first."""
    entries = [("Own settings", OWN), *((title, name) for name, title in recipe.titles().items())]
    if source is None:
        return entries
    return [(f"Proposed: {proposal_title(source)}", PROPOSED), *entries]


def proposal_title(source: Source) -> str:
    """The stages of the proposed recipe in one line."""
    stages = source.diagnosis.recipe["stages"]
    if not stages:
        return "no stage" if source.diagnosis.troubles else "nothing to do"
    return " + ".join(chain_form.title(entry["stage"]) for entry in stages)


def filled(value: Any, document: Mapping[str, Any], stages: Mapping[str, type]) -> Value:
    """The editor's value with another recipe's cards; the visitor's own networks stay."""
    own = value.get("own", {}) if isinstance(value, dict) else {}
    summary = str(document.get("summary", ""))
    return {"cards": chain_form.from_recipe(document, stages), "own": own, "about": summary}


def without_reasons(value: Any) -> Any:
    """The editor's value without the reasons, which are about one recording."""
    if not isinstance(value, dict) or not isinstance(value.get("cards"), list):
        return value
    cards = [{**card, "reason": ""} for card in value["cards"] if isinstance(card, dict)]
    return {**value, "cards": cards}


def open_recipe(
    stages: Mapping[str, type], session: Session | None, choice: str, value: Any
) -> Value:
    """The editor's value for an entry of the list or an uploaded file; other paths are refused.

    Raises:
        gr.Error: the recipe cannot be read; the editor stays as it is.
    """
    try:
        if choice == OWN:
            return (session and session.editor and session.editor.own) or gr.skip()
        if choice == PROPOSED and session is not None and session.source is not None:
            return filled(value, session.source.diagnosis.recipe, stages)
        if choice not in recipe.named() and uploaded(choice) is None:
            return gr.skip()
        return filled(value, recipe.read(choice, chain_form.import_paths(stages)), stages)
    except Exception as error:
        raise gr.Error(escape(plain_error(error))) from error


def withdrawn(
    stages: Mapping[str, type], session: Session, name: str, value: Any
) -> dict[str, Any]:
    """Takes a recording's proposal and reasons off the page; named recipes and settings stay."""
    if session.editor is not None:
        own = without_reasons(session.editor.own)
        session.editor = replace(session.editor, own=own)
    if name == PROPOSED:
        name, value = DEFAULT, filled(value, recipe.read(DEFAULT), stages)
    value = without_reasons(value)
    remember(session, name, value)
    return {
        "recipe_list": gr.update(choices=choices(), value=name),
        "chain": value,
    }


def proposed(
    stages: Mapping[str, type], session: Session, source: Source, value: Any
) -> dict[str, Any]:
    """Shows a recording's proposal; the visitor's own settings stay in the list."""
    cards = filled(value, source.diagnosis.recipe, stages)
    remember(session, PROPOSED, cards)
    return {
        "recipe_list": gr.update(choices=choices(source), value=PROPOSED),
        "chain": cards,
    }


def recommended(
    stages: Mapping[str, type], session: Session, name: str, value: Any
) -> dict[str, Any]:
    """Shows a named recipe in place of the proposal, which stays in the list."""
    cards = filled(value, recipe.read(name), stages)
    remember(session, name, cards)
    return {"recipe_list": name, "chain": cards}


def document(stages: Mapping[str, type], value: Any) -> dict[str, Any]:
    """The recipe that the editor shows; raises `ValueError` like `chain_form.to_recipe`."""
    return chain_form.to_recipe(value.get("cards") if isinstance(value, dict) else None, stages)


def with_noise_print(stages: Mapping[str, type], value: Any, span_s: tuple[float, float]) -> Value:
    """The editor's value with this part of the recording as the noise print.

    Every stage that is on and can measure noise there does; where there is none, Denoise goes on.

    Args:
        value: what the editor shows, from a browser.
        span_s: (start, end) in seconds.

    Raises:
        ValueError: the page has sent no recipe.
    """
    if not isinstance(value, dict) or not isinstance(value.get("cards"), list):
        raise ValueError("The page has sent no recipe: reload it.")
    cards = [card for card in value["cards"] if card.get("stage") in stages]
    cards = [{**card, "on": bool(card.get("on"))} for card in cards]
    able = [card for card in cards if "noise_from_s" in knobs(stages[card["stage"]])]
    if not any(card["on"] for card in able):
        able[0]["on"] = True
        cards.sort(key=lambda card: 2 if not card["on"] else int(card is able[0]))
    start_s, end_s = (round(at, 3) for at in span_s)
    for card in able:
        if card["on"]:
            card["settings"] = {**card["settings"], "noise_from_s": start_s, "noise_to_s": end_s}
    return {**value, "cards": cards}


def is_empty(session: Session) -> bool:
    """Whether every stage in the visitor's editor is off."""
    value = session.editor.value if session.editor else None
    cards = value.get("cards") if isinstance(value, dict) else None
    return cards is not None and not any(card.get("on") for card in cards)


def forecast(stages: Mapping[str, type], session: Session, name: str, value: Any) -> str:
    """How long restoring the recording will take, or what is in the way."""
    if is_empty(session):
        title = session.source.diagnosis.recipe.get("title", "Nothing to do")
        return html.note(f"{title}. {CHOOSE_YOURSELF}" if name == PROPOSED else NOTHING_ON)
    try:
        chain = recipe.load(document(stages, value))
        seconds = estimate.total_seconds(session.source.audio, chain)
        downloads = _downloads(estimate.n_downloads(chain))
    except Exception as error:
        return html.problem(plain_error(error))
    if is_stale(stages, session, value):
        return html.stale(f"{STALE} The whole recording takes about {about(seconds)}.{downloads}")
    return html.note(f"Restoring the whole recording takes about {about(seconds)}.{downloads}")


def is_stale(stages: Mapping[str, type], session: Session, value: Any) -> bool:
    """Whether the result that is shown was made by another recipe than the editor shows."""
    shown = session.results.get(session.shown)
    return isinstance(shown, Result) and shown.recipe != document(stages, value)


def _downloads(count: int) -> str:
    if not count:
        return ""
    files = "1 weights file" if count == 1 else f"{count} weights files"
    return f" {files} of the separator will be downloaded first."
