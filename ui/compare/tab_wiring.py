"""The Compare tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from ui.compare import candidates, events, recording_events, use_events
from ui.compare.events import Desk
from ui.restore import reference
from ui.restore.events import examples
from ui.session import Session
from ui.wiring import AGAIN, LONG, QUIET, Updates, chosen, following, once, steps

BUTTONS = ("preview", "compare", "stop", "first", "second")
RESULT = (
    "welcome", "result", "title", "pair", "first", "second", "player", "measures", "which", "send",
    "delivery",
)  # fmt: skip
RECORDING = ("bench", "file", "facts", "at", "status", "reference_note")
EVERYTHING = tuple(dict.fromkeys((*RECORDING, *BUTTONS, *RESULT)))
WANTED = ("recipes", "files", "saved")
EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2}

START_DOWNLOAD = (
    "() => document.querySelector('#wmx-handed, #wmx-handed a, #wmx-handed button').click()"
)
TO_RESULT = """() => {
  const result = document.querySelector(".wmx-result");
  if (innerWidth < 900) result?.scrollIntoView({ behavior: "smooth" });
}"""
KEPT = "() => localStorage.getItem('wavemend-recipes') ?? ''"
"""The recipes that the chain editor keeps in the browser."""


def wire(desk: Desk, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    _wire_source(desk, parts)
    _wire_candidates(desk, parts)
    _wire_work(desk, parts)
    _wire_result(desk, parts)


def _wire_source(desk: Desk, parts: dict[str, Any]) -> None:
    outputs, states = chosen(parts, EVERYTHING), chosen(parts, ("bench", "session"))
    ahead, file = forecast(desk, parts), parts["file"]
    read = following(partial(recording_events.choose, desk.host, "file"), parts)
    file.upload(read, [*states, file], outputs, **AGAIN).success(**ahead)
    file.clear(read, [*states, file], outputs, **AGAIN)
    for button, path in zip(parts["examples"], examples().values(), strict=True):
        read = following(partial(_choose_example, desk, path), parts)
        button.click(read, states, outputs, **AGAIN).success(**ahead)
    given = following(partial(reference.given, desk.host), parts)
    inputs = chosen(parts, ("bench", "reference"))
    parts["reference"].upload(given, inputs, parts["reference_note"], **AGAIN)


def _choose_example(
    desk: Desk, path: Path, bench: Session | None, session: Session | None
) -> AsyncIterator[Updates]:
    return recording_events.choose(desk.host, "example", bench, session, path)


def received(desk: Desk, parts: dict[str, Any]) -> list[dict[str, Any]]:
    """What follows a sound that another tab sends: listeners' arguments, one after another."""
    opened: dict[str, Any] = {
        "fn": following(partial(recording_events.receive, desk.host), parts),
        "inputs": chosen(parts, ("bench", "session")),
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


def forecast(desk: Desk, parts: dict[str, Any]) -> dict[str, Any]:
    """What follows every change of what is compared, as the arguments of a listener."""
    return {
        "fn": once(partial(events.forecast, desk), parts),
        "inputs": chosen(parts, ("bench", "session", *WANTED)),
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
    inputs = chosen(parts, ("bench", "session", "at", *WANTED))
    outputs = chosen(parts, tuple(dict.fromkeys(("status", *BUTTONS, *RESULT))))
    for name, whole in (("preview", False), ("compare", True)):
        run = following(partial(events.run, desk, whole), parts)
        parts[name].click(run, inputs, outputs, **LONG).success(None, js=TO_RESULT, **QUIET)
    parts["stop"].click(_stop, parts["bench"], None, queue=False, **QUIET)


def _wire_result(desk: Desk, parts: dict[str, Any]) -> None:
    pair = following(partial(events.pair, desk.host), parts)
    both = chosen(parts, ("bench", "first", "second"))
    outputs = chosen(parts, ("player", "status", *BUTTONS))
    gr.on([parts["first"].input, parts["second"].input], pair, both, outputs, **LONG)
    download = steps(use_events.download, parts)
    outputs = chosen(parts, ("download", "delivery"))
    written = parts["zipped"].click(download, parts["bench"], outputs, **EXPORT, **QUIET)
    written.success(None, js=START_DOWNLOAD, **QUIET)


def _stop(bench: Session | None) -> None:
    if bench is not None:
        bench.stop()
