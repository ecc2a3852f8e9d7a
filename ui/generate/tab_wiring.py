"""The Generate tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from ui import tab_recordings
from ui.generate import events
from ui.session import Host
from ui.wiring import LONG, QUIET, chosen, following, once, to_result, wire_download

BUTTONS = ("generate", "stand_in", "fetch", "stop")
PLAN = ("plan", "melody", *BUTTONS)
RESULT = ("welcome", "result", "title", "player", "delivery")
FORM = ("prompt", "model", "seconds", "guidance", "temperature", "top_k", "seed", "melody")


def opened(parts: dict[str, Any]) -> list[dict[str, Any]]:
    """What follows the choice of the tab, as arguments of listeners: a reloaded page goes on."""
    outputs = chosen(parts, ("tab_session", *events.FILLED, *RESULT))
    resumed = {"inputs": chosen(parts, ("tab_session", "session")), "outputs": outputs, **QUIET}
    return [{"fn": once(events.resumed, parts), **resumed}, planned(parts)]


def planned(parts: dict[str, Any]) -> dict[str, Any]:
    """What follows a change of the settings, as the arguments of a listener."""
    return {
        "fn": once(events.planned, parts),
        "inputs": chosen(parts, ("tab_session", "session", "model", "seconds")),
        "outputs": chosen(parts, PLAN),
        **QUIET,
    }


def wire(host: Host, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    for event in (parts["model"].input, parts["seconds"].release):
        event(**planned(parts))
    changed = [parts[name].blur for name in ("prompt", "seed")]
    gr.on(
        [*changed, parts["model"].input, parts["seconds"].release],
        once(partial(events.kept, host), parts),
        chosen(parts, ("tab_session", "session", *events.FILLED)),
        parts["tab_session"],
        **QUIET,
    )
    outputs = chosen(parts, ("tab_session", "status", *PLAN, *RESULT))
    states = chosen(parts, ("tab_session", "session"))
    for name, handler, inputs in (
        ("generate", events.run, FORM),
        ("stand_in", events.run_stand_in, ("model", "seed")),
        ("fetch", events.fetch, ("model", "seconds")),
    ):
        work = following(partial(handler, host), parts)
        begun = parts[name].click(work, [*states, *chosen(parts, inputs)], outputs, **LONG)
        begun.success(**to_result("wmg-result"))
    parts["stop"].click(tab_recordings.stop, parts["tab_session"], None, queue=False, **QUIET)
    for button in parts["downloads"]:
        wire_download(button.click, events.download, [parts["tab_session"], button], parts)
