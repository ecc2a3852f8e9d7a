"""A visitor's own weights for the WaveNet stage: read as weights only, kept for this visit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from ui.components import chain_form, html
from ui.session import Session, plain_error, uploaded

SIZES = ("small", "medium-lite", "medium", "large")
KINDS = (".safetensors", ".pt", ".pth")
STAGE = "wavenet"


def adopt(
    stages: Mapping[str, type], session: Session | None, path: str | None, size: str, value: Any
) -> tuple[Any, str]:
    """The editor's value with the uploaded net chosen, and a word about it.

    Args:
        path: of an uploaded file; any other path is refused.
        size: one of SIZES; a config in the file overrides it.
        value: what the editor shows.
    """
    trusted = uploaded(path)
    if session is None or trusted is None:
        return gr.skip(), html.problem("The upload has not arrived: try again.")
    try:
        name = _checkpoint(trusted, session.networks, size)
    except Exception as error:
        return gr.skip(), html.problem(plain_error(error))
    return chosen(value, name, trusted.name, stages), html.note(f"{trusted.name} is chosen.")


def _checkpoint(path: Path, folder: Path, size: str) -> str:
    from pipeline.stages.cleaners import adopt

    return adopt(path, folder, size)


def chosen(
    value: Any, name: str, title: str, stages: Mapping[str, type], stage: str = STAGE
) -> dict[str, Any]:
    """The editor's value with a net added to this visitor's own, and the stage set to it and on."""
    given = value if isinstance(value, dict) else {}
    cards = given.get("cards") or chain_form.new_cards(stages)
    own = given.get("own") or {}
    known = [pair for pair in own.get(stage, []) if pair[1] != name]
    first = next((card for card in cards if card["stage"] == stage), None)
    if first is None:
        first = chain_form.card(stage, stages[stage])
        cards = [*cards, first]
    first["settings"] = {**first["settings"], "checkpoint": name}
    on = [card for card in cards if card["on"] or card is first]
    first["on"] = True
    return {
        "cards": [*on, *(card for card in cards if not card["on"])],
        "own": {**own, stage: [*known, [title, name]]},
    }
