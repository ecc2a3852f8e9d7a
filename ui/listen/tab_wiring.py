"""The Listen tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from functools import partial
from typing import Any

from ui.listen import events, item_events, result_events
from ui.session import Host
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, steps

ITEMS = ("items", "items_note", "clear", "begin", "first", "second", "reference")
STATE = (
    "form", "testing", "welcome", "items", "booth", "result", "results", "csv", "again", "delivery",
)  # fmt: skip
FORM = (
    "kind", "first", "second", "n_trials", "training", "reference", "start", "length", "listener",
    "seed",
)  # fmt: skip


def wire(host: Host, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    _wire_items(host, parts)
    _wire_test(host, parts)
    _wire_results(parts)


def resumed(parts: dict[str, Any]) -> dict[str, Any]:
    """What shows the session's items and test, as arguments of a listener."""
    outputs = chosen(parts, tuple(dict.fromkeys((*ITEMS, *STATE))))
    fn = once(events.resumed, parts)
    return {"fn": fn, "inputs": parts["session"], "outputs": outputs, **QUIET}


def opened(parts: dict[str, Any]) -> dict[str, Any]:
    """What follows the choice of the tab, as arguments of a listener: a reloaded one goes on."""
    outputs = chosen(parts, tuple(dict.fromkeys((*ITEMS, *STATE, "filled"))))
    inputs = chosen(parts, ("session", "filled"))
    return {"fn": once(events.opened, parts), "inputs": inputs, "outputs": outputs, **QUIET}


def _wire_items(host: Host, parts: dict[str, Any]) -> None:
    session, file, folder = chosen(parts, ("session", "file", "folder"))
    outputs = chosen(parts, ("file", *ITEMS))
    add = once(partial(item_events.add_files, host), parts)
    file.upload(add, [session, file], outputs, **AGAIN)
    add = once(partial(item_events.add_folder, host), parts)
    for event in (folder.submit, parts["add_folder"].click):
        event(add, [session, folder], outputs, **QUIET)
    add = once(partial(item_events.add_restored, host), parts)
    parts["restored"].click(add, session, outputs, **QUIET)
    parts["clear"].click(once(item_events.clear, parts), session, outputs, **QUIET)


def _wire_test(host: Host, parts: dict[str, Any]) -> None:
    session, booth, kind = chosen(parts, ("session", "booth", "kind"))
    outputs = chosen(parts, ("about", "pair", "reference"))
    kind.input(once(events.chosen, parts), kind, outputs, **QUIET)
    outputs = chosen(parts, ("begin", "status", *STATE))
    begin = following(partial(events.begin, host), parts)
    parts["begin"].click(begin, [session, *chosen(parts, FORM)], outputs, **LONG)
    outputs, inputs = chosen(parts, STATE), [session, parts["answer"]]
    booth.submit(once(events.answer, parts), inputs, outputs, js=ANSWER, **QUIET)
    parts["end"].click(once(events.end, parts), inputs, outputs, js=CONFIRM, **QUIET)


def _wire_results(parts: dict[str, Any]) -> None:
    session = parts["session"]
    outputs = chosen(parts, ("listener", "seed", *STATE))
    parts["again"].click(once(events.again, parts), session, outputs, **QUIET)
    outputs = chosen(
        parts, ("pool_note", "welcome", "result", "results", "csv", "again", "delivery")
    )
    parts["pool"].upload(once(result_events.pool, parts), parts["pool"], outputs, **QUIET)
    outputs = chosen(parts, ("download", "delivery"))
    written = parts["csv"].click(steps(result_events.download, parts), session, outputs, **QUIET)
    written.success(None, js=START_DOWNLOAD, **QUIET)


ANSWER = """(session) =>
  [session, document.querySelector("#wml-booth .wm-booth").dataset.answer ?? ""]"""

CONFIRM = """(session) => [session, confirm(
  "End the test now? An ABX test that is not finished has no result.") ? "end" : ""]"""

START_DOWNLOAD = (
    "() => document.querySelector('#wml-handed, #wml-handed a, #wml-handed button').click()"
)
