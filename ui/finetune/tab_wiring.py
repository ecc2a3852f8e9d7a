"""The Fine-tune tab's parts tied to its handlers; the handlers know them by name only."""

from __future__ import annotations

from functools import partial
from typing import Any

from ui.finetune import dataset_events, result_use, run_events
from ui.finetune.visit import Desk
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, steps

FORM = ("base", "damage", "length", "amount")
OF_RUN = (
    "visit", "revision", "which", "timer", "start", "stop", "resume", "delete", "status", "guide",
    "run", "titled", "meter", "curves", "judged", "verdict", "judge", "use_panel", "used_status",
    "name", "listen", "case", "player",
)  # fmt: skip
OF_DATA = ("visit", "checked", "report", "forecast", "start", "guide", "damage")


def wire(desk: Desk, parts: dict[str, Any]) -> None:
    """Ties every part of the tab to what it does, but for the opening of the page."""
    _wire_data(desk, parts)
    _wire_run(desk, parts)
    _wire_use(desk, parts)


def opened(desk: Desk, parts: dict[str, Any]) -> dict[str, Any]:
    """The event that fills the tab when the page is loaded or the tab is chosen."""
    return {
        "fn": once(partial(run_events.open_page, desk), parts),
        "inputs": chosen(parts, ("visit", "session", "owner")),
        "outputs": chosen(parts, (*OF_RUN, "owner", "base")),
        **QUIET,
    }


def _wire_data(desk: Desk, parts: dict[str, Any]) -> None:
    visit, form = parts["visit"], chosen(parts, FORM)
    measured: dict[str, Any] = {
        "fn": following(partial(dataset_events.measure, desk), parts), "inputs": [visit, *form],
        "outputs": chosen(parts, ("forecast",)), **AGAIN,
    }  # fmt: skip
    parts["files"].change(
        following(partial(dataset_events.check, desk), parts),
        chosen(parts, ("visit", "session", "files", "base")),
        chosen(parts, OF_DATA), **AGAIN,
    ).success(**measured)  # fmt: skip
    parts["base"].input(
        following(partial(dataset_events.rebase, desk), parts),
        chosen(parts, ("visit", "session", "files", "base")),
        chosen(parts, OF_DATA), **AGAIN,
    ).success(**measured)  # fmt: skip
    for name in ("damage", "amount"):
        event = parts[name].change if name == "amount" else parts[name].input
        event(**measured)
    parts["length"].input(
        dataset_events.amount_for, parts["length"], parts["amount"], **QUIET
    ).success(**measured)


def _wire_run(desk: Desk, parts: dict[str, Any]) -> None:
    visit, outputs = parts["visit"], chosen(parts, OF_RUN)
    events = {
        name: once(partial(getattr(run_events, name), desk), parts)
        for name in ("tick", "start", "stopping", "stop", "judge", "resume", "delete")
    }
    looked = chosen(parts, ("visit", "playing", "revision"))
    parts["timer"].tick(events["tick"], looked, outputs, js=PLAYING, **LONG)
    parts["start"].click(events["start"], [visit, *chosen(parts, FORM)], outputs, **QUIET).success(
        None, js=FOLD, **QUIET
    )
    parts["stop"].click(events["stopping"], visit, outputs, **QUIET).then(
        events["stop"], visit, outputs, **LONG
    )
    parts["judge"].click(events["judge"], visit, outputs, **QUIET)
    parts["resume"].click(
        events["resume"], chosen(parts, ("visit", "length", "amount")), outputs, **QUIET
    )
    parts["delete"].click(
        events["delete"], chosen(parts, ("visit", "playing")), outputs, js=CONFIRM, **QUIET
    )
    for name, handler in (("which", run_events.choose_run), ("case", run_events.choose_sample)):
        change = once(partial(handler, desk), parts)
        parts[name].input(change, [visit, parts[name]], outputs, **QUIET)


def _wire_use(desk: Desk, parts: dict[str, Any]) -> None:
    parts["made"] = parts["use"].click(
        once(partial(result_use.use, desk), parts), chosen(parts, ("visit", "session", "name")),
        chosen(parts, ("used", "used_status")), **QUIET,
    )  # fmt: skip
    parts["pack"].click(
        steps(partial(result_use.download, desk), parts), chosen(parts, ("visit", "name")),
        chosen(parts, ("zipped", "used_status")), **QUIET,
    ).success(None, js=HAND_OUT, **QUIET)  # fmt: skip
    parts["push"].click(
        steps(partial(result_use.push, desk), parts),
        chosen(parts, ("visit", "repository", "token", "private", "name")),
        chosen(parts, ("token", "pushed")), **QUIET,
    )  # fmt: skip


PLAYING = """(visit, playing, revision) => [visit,
  Boolean(document.querySelector("#wmf-heard .wm-player")?.abplayer?.state.playing), revision]"""
"""A player that plays is not replaced."""

CONFIRM = """visit => [visit,
  confirm("Delete this run, with its copy of the recordings and its weights?")]"""

FOLD = """() => {
  document.querySelector(".wmf-report")?.removeAttribute("open");
  const run = document.querySelector(".wmf-run");
  if (run && innerWidth < 900) run.scrollIntoView({ behavior: "smooth" });
}"""

HAND_OUT = """() => {
  const link = document.querySelector("#wmf-zipped a, a#wmf-zipped, #wmf-zipped");
  (link?.querySelector?.("button") ?? link)?.click();
}"""
