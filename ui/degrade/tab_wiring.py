"""The Degrade tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from ui.degrade import damage, events
from ui.restore.events import examples
from ui.session import Host, Session
from ui.wiring import AGAIN, LONG, QUIET, Updates, chosen, following, steps

BUTTONS = ("preview", "degrade", "stop")
RESULT = ("welcome", "result", "title", "player", "scores", "delivery")
EVERYTHING = ("bench", "file", "facts", "at", "status", *BUTTONS, *RESULT)
EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2}
OWN_CHOSEN = f"() => '{damage.OWN}'"

START_DOWNLOAD = (
    "() => document.querySelector('#wmd-handed, #wmd-handed a, #wmd-handed button').click()"
)
TO_RESULT = """() => {
  const result = document.querySelector(".wmd-result");
  if (innerWidth < 900) result?.scrollIntoView({ behavior: "smooth" });
}"""


def wire(host: Host, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    _wire_source(host, parts)
    _wire_damage(parts)
    _wire_work(host, parts)
    _wire_result(parts)


def _wire_source(host: Host, parts: dict[str, Any]) -> None:
    outputs, states = chosen(parts, EVERYTHING), chosen(parts, ("bench", "session"))
    file = parts["file"]
    read = following(partial(events.choose, host, "file"), parts)
    file.upload(read, [*states, file], outputs, **AGAIN)
    file.clear(read, [*states, file], outputs, **AGAIN)
    for button, path in zip(parts["examples"], examples().values(), strict=True):
        read = following(partial(_choose_example, host, path), parts)
        button.click(read, states, outputs, **AGAIN)


def received(host: Host, parts: dict[str, Any]) -> dict[str, Any]:
    """What follows the opening of the tab for Restore's recording, as arguments of a listener."""
    return {
        "fn": following(partial(events.receive, host), parts),
        "inputs": chosen(parts, ("bench", "session")),
        "outputs": chosen(parts, EVERYTHING),
        **AGAIN,
    }


def _choose_example(
    host: Host, path: Path, bench: Session | None, session: Session | None
) -> AsyncIterator[Updates]:
    return events.choose(host, "example", bench, session, path)


def _wire_damage(parts: dict[str, Any]) -> None:
    listed, file, seed, chain = chosen(parts, ("listed", "opened", "seed", "chain"))
    own: dict[str, Any] = {
        "fn": None, "inputs": None, "outputs": listed, "js": OWN_CHOSEN, **QUIET,
    }  # fmt: skip
    listed.input(damage.opened, [listed, seed], chain, **QUIET)
    file.upload(damage.opened_file, file, chain, **QUIET).success(**own)
    chain.input(**own)
    seed.input(damage.reseeded, [listed, seed], chain, **QUIET)
    parts["randomise"].click(damage.randomised, seed, [seed, listed, chain], **QUIET)


def _wire_work(host: Host, parts: dict[str, Any]) -> None:
    inputs = chosen(parts, ("bench", "at", "listed", "seed", "chain"))
    outputs = chosen(parts, ("status", *BUTTONS, *RESULT))
    for name, whole in (("preview", False), ("degrade", True)):
        run = following(partial(events.run, host, whole), parts)
        parts[name].click(run, inputs, outputs, **LONG).success(None, js=TO_RESULT, **QUIET)
    parts["stop"].click(_stop, parts["bench"], None, queue=False, **QUIET)


def _wire_result(parts: dict[str, Any]) -> None:
    download = steps(events.download, parts)
    outputs = chosen(parts, ("download", "delivery"))
    for button in parts["downloads"]:
        written = button.click(download, [parts["bench"], button], outputs, **EXPORT, **QUIET)
        written.success(None, js=START_DOWNLOAD, **QUIET)


def _stop(bench: Session | None) -> None:
    if bench is not None:
        bench.stop()
