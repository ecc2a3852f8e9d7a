"""A visitor's own weights for the WaveNet stage: loaded without code, kept for this visit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from ui.components import chain_form, html
from ui.session import Session, plain_error, uploaded

SIZES = ("small", "medium-lite", "medium", "large")
SUFFIXES = (".safetensors", ".pt", ".pth")
STAGE = "wavenet"


def adopt(
    stages: Mapping[str, type], session: Session | None, path: str | None, size: str, value: Any
) -> tuple[Any, str]:
    """Adds an uploaded network to the editor's choices and selects it.

    Args:
        path: an uploaded file; any other path is refused.
        size: one of SIZES; a config in the file overrides it.
        value: the editor's value.

    Returns:
        the editor's new value, and a message.
    """
    upload = uploaded(path)
    if session is None or upload is None:
        return gr.skip(), html.problem("The upload did not arrive. Try again.")
    try:
        name = _checkpoint(upload, session.networks, size)
    except Exception as error:
        return gr.skip(), html.problem(plain_error(error))
    note = html.note(f"{upload.name} is selected in the WaveNet stage.")
    return with_network(value, name, upload.name, stages), note


def _checkpoint(path: Path, folder: Path, size: str) -> str:
    from pipeline.stages.cleaners import adopt

    return adopt(path, folder, size)


def with_network(
    value: Any,
    name: str,
    title: str,
    stages: Mapping[str, type],
    stage: str = STAGE,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The editor's value with one more network of this visitor's, its stage on and set to it.

    Args:
        settings: of the stage; its checkpoint where None.
    """
    value = value if isinstance(value, dict) else {}
    cards = value.get("cards") or chain_form.new_cards(stages)
    own = value.get("own") or {}
    others = [pair for pair in own.get(stage, []) if pair[1] != name]
    target = next((card for card in cards if card["stage"] == stage), None)
    if target is None:
        target = chain_form.card(stage, stages[stage])
        cards = [*cards, target]
    target["settings"] = {**target["settings"], **(settings or {"checkpoint": name})}
    on = [card for card in cards if card["on"] or card is target]
    target["on"] = True
    return {
        "cards": [*on, *(card for card in cards if not card["on"])],
        "own": {**own, stage: [*others, [title, name]]},
    }
