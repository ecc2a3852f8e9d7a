"""The Degrade tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from functools import partial
from typing import Any

from ui import tab_recordings
from ui.components.recording import wire_recording
from ui.degrade import damage, events
from ui.restore.events import examples
from ui.session import Host
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, to_result, wire_download

BUTTONS = ("preview", "degrade", "stop")
RESULT = ("welcome", "result", "title", "player", "scores", "delivery")
EVERYTHING = ("tab_session", "file", "facts", "at", "status", *BUTTONS, *RESULT)
OWN_CHOSEN = f"() => '{damage.OWN}'"

EDITOR = ("listed", "seed", "chain")


def wire(host: Host, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    everything, choose = chosen(parts, EVERYTHING), partial(events.choose, host)
    wire_recording(parts, examples(), choose, everything)
    _wire_damage(host, parts)
    _wire_work(host, parts)
    _wire_result(parts)


def received(host: Host, parts: dict[str, Any]) -> dict[str, Any]:
    """What follows the opening of the tab for Restore's recording, as arguments of a listener."""
    return {
        "fn": following(partial(events.receive, host), parts),
        "inputs": chosen(parts, ("tab_session", "session")),
        "outputs": chosen(parts, EVERYTHING),
        **AGAIN,
    }


def opened(parts: dict[str, Any]) -> dict[str, Any]:
    """What follows the choice of the tab, as arguments of a listener: a reloaded page goes on."""
    return {
        "fn": once(events.resumed, parts),
        "inputs": chosen(parts, ("tab_session", "session")),
        "outputs": chosen(parts, (*EVERYTHING, *EDITOR)),
        **QUIET,
    }


def _wire_damage(host: Host, parts: dict[str, Any]) -> None:
    listed, file, seed, chain = chosen(parts, ("listed", "opened", "seed", "chain"))
    own: dict[str, Any] = {
        "fn": None, "inputs": None, "outputs": listed, "js": OWN_CHOSEN, **QUIET,
    }  # fmt: skip
    kept: dict[str, Any] = {
        "fn": once(partial(events.kept, host), parts),
        "inputs": chosen(parts, ("tab_session", "session", *EDITOR)),
        "outputs": parts["tab_session"],
        **QUIET,
    }
    listed.input(damage.opened, [listed, seed], chain, **QUIET).success(**kept)
    file.upload(damage.opened_file, file, chain, **QUIET).success(**own).success(**kept)
    chain.input(**own).success(**kept)
    seed.input(damage.reseeded, [listed, seed], chain, **QUIET).success(**kept)
    randomised = parts["randomise"].click(damage.randomised, seed, [seed, listed, chain], **QUIET)
    randomised.success(**kept)


def _wire_work(host: Host, parts: dict[str, Any]) -> None:
    inputs = chosen(parts, ("tab_session", "at", "listed", "seed", "chain"))
    outputs = chosen(parts, ("status", *BUTTONS, *RESULT))
    for name, whole in (("preview", False), ("degrade", True)):
        run = following(partial(events.run, host, whole), parts)
        parts[name].click(run, inputs, outputs, **LONG).success(**to_result("wmd-result"))
    parts["stop"].click(tab_recordings.stop, parts["tab_session"], None, queue=False, **QUIET)


def _wire_result(parts: dict[str, Any]) -> None:
    for button in parts["downloads"]:
        wire_download(button.click, events.download, [parts["tab_session"], button], parts)
