"""The Generate tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from functools import partial
from typing import Any

from ui.generate import events
from ui.session import Host
from ui.wiring import LONG, QUIET, chosen, following, once, steps

BUTTONS = ("generate", "stand_in", "fetch", "stop")
PLAN = ("plan", "melody", *BUTTONS)
RESULT = ("welcome", "result", "title", "player", "delivery")
FORM = ("prompt", "model", "seconds", "guidance", "temperature", "top_k", "seed", "melody")
EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2}

START_DOWNLOAD = (
    "() => document.querySelector('#wmg-handed, #wmg-handed a, #wmg-handed button').click()"
)
TO_RESULT = """() => {
  const result = document.querySelector(".wmg-result");
  if (innerWidth < 900) result?.scrollIntoView({ behavior: "smooth" });
}"""


def opened(parts: dict[str, Any]) -> dict[str, Any]:
    """What fills the tab when it is chosen, as the arguments of a listener."""
    return {
        "fn": once(events.planned, parts),
        "inputs": chosen(parts, ("bench", "session", "model", "seconds")),
        "outputs": chosen(parts, PLAN),
        **QUIET,
    }


def wire(host: Host, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    for event in (parts["model"].input, parts["seconds"].release):
        event(**opened(parts))
    outputs = chosen(parts, ("bench", "status", *PLAN, *RESULT))
    states = chosen(parts, ("bench", "session"))
    for name, handler, inputs in (
        ("generate", events.run, FORM),
        ("stand_in", events.run_stand_in, ("model", "seed")),
        ("fetch", events.fetch, ("model", "seconds")),
    ):
        work = following(partial(handler, host), parts)
        begun = parts[name].click(work, [*states, *chosen(parts, inputs)], outputs, **LONG)
        begun.success(None, js=TO_RESULT, **QUIET)
    parts["stop"].click(events.stop, parts["bench"], None, queue=False, **QUIET)
    download = steps(events.download, parts)
    outputs = chosen(parts, ("download", "delivery"))
    for button in parts["downloads"]:
        written = button.click(download, [parts["bench"], button], outputs, **EXPORT, **QUIET)
        written.success(None, js=START_DOWNLOAD, **QUIET)
