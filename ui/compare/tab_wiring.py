"""The Compare tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui import tab_recordings
from ui.compare import candidates, events, recording_events, use_events
from ui.compare.events import Desk
from ui.components.recording import wire_recording
from ui.restore import reference
from ui.restore.events import examples
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, to_result, wire_download

BUTTONS = ("preview", "compare", "stop", "first", "second")
RESULT = (
    "welcome", "result", "title", "pair", "first", "second", "player", "measures", "which", "send",
    "delivery",
)  # fmt: skip
RECORDING = ("tab_session", "file", "facts", "at", "status", "reference_note")
EVERYTHING = tuple(dict.fromkeys((*RECORDING, *BUTTONS, *RESULT)))
WANTED = ("recipes", "files", "saved")

KEPT = "() => localStorage.getItem('wavemend-recipes') ?? ''"
"""The recipes that the chain editor keeps in the browser."""


def wire(desk: Desk, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    _wire_source(desk, parts)
    _wire_candidates(desk, parts)
    _wire_work(desk, parts)
    _wire_result(desk, parts)


def _wire_source(desk: Desk, parts: dict[str, Any]) -> None:
    outputs = chosen(parts, EVERYTHING)
    choose = partial(recording_events.choose, desk.host)
    wire_recording(parts, examples(), choose, outputs, forecast(desk, parts))
    given = following(partial(reference.given, desk.host), parts)
    inputs = chosen(parts, ("tab_session", "reference"))
    parts["reference"].upload(given, inputs, parts["reference_note"], **AGAIN)


def received(desk: Desk, parts: dict[str, Any]) -> list[dict[str, Any]]:
    """What follows a sound that another tab sends: listeners' arguments, one after another."""
    opened: dict[str, Any] = {
        "fn": following(partial(recording_events.receive, desk.host), parts),
        "inputs": chosen(parts, ("tab_session", "session")),
        "outputs": chosen(parts, EVERYTHING),
        **AGAIN,
    }
    return [opened, listed(desk, parts), forecast(desk, parts)]


def listed(desk: Desk, parts: dict[str, Any]) -> dict[str, Any]:
    """What follows the opening of the tab, as the arguments of a listener."""
    return {
        "fn": once(partial(events.listed, desk), parts),
        "inputs": parts["kept"],
        "outputs": chosen(parts, ("saved", "recipes")),
        "js": KEPT,
        **QUIET,
    }


def opened(parts: dict[str, Any]) -> dict[str, Any]:
    """What follows the choice of the tab, as arguments of a listener: a reloaded page goes on."""
    return {
        "fn": once(events.resumed, parts),
        "inputs": chosen(parts, ("tab_session", "session")),
        "outputs": chosen(parts, (*EVERYTHING, "recipes")),
        **QUIET,
    }


def forecast(desk: Desk, parts: dict[str, Any]) -> dict[str, Any]:
    """What follows every change of what is compared, as the arguments of a listener."""
    return {
        "fn": once(partial(events.forecast, desk), parts),
        "inputs": chosen(parts, ("tab_session", "session", *WANTED)),
        "outputs": chosen(parts, ("status",)),
        **QUIET,
    }


def uses(desk: Desk, parts: dict[str, Any]) -> Any:
    """The handler that puts the chosen version's recipe into Restore's list and editor."""
    return partial(use_events.use, desk)


def _wire_candidates(desk: Desk, parts: dict[str, Any]) -> None:
    ahead, recipes, files = forecast(desk, parts), parts["recipes"], parts["files"]
    names = list(candidates.PATHS)
    parts["paths"].click(lambda: names, None, recipes, **QUIET).success(**ahead)
    recipes.input(**ahead)
    gr.on([files.upload, files.clear, files.delete], **ahead)


def _wire_work(desk: Desk, parts: dict[str, Any]) -> None:
    inputs = chosen(parts, ("tab_session", "session", "at", *WANTED))
    outputs = chosen(parts, tuple(dict.fromkeys(("status", *BUTTONS, *RESULT))))
    for name, whole in (("preview", False), ("compare", True)):
        run = following(partial(events.run, desk, whole), parts)
        parts[name].click(run, inputs, outputs, **LONG).success(**to_result("wmx-result"))
    parts["stop"].click(tab_recordings.stop, parts["tab_session"], None, queue=False, **QUIET)


def _wire_result(desk: Desk, parts: dict[str, Any]) -> None:
    pair = following(partial(events.pair, desk.host), parts)
    both = chosen(parts, ("tab_session", "first", "second"))
    outputs = chosen(parts, ("player", "status", *BUTTONS))
    gr.on([parts["first"].input, parts["second"].input], pair, both, outputs, **LONG)
    wire_download(parts["zipped"].click, use_events.download, [parts["tab_session"]], parts)
