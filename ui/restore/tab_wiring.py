"""The Restore tab's parts connected to its handlers, which know them by name only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import gradio as gr

from ui.components.theme import ASSETS
from ui.restore import events, own_weights, recipe_events, reference, reload, result_events
from ui.restore.recipe_events import OWN, PROPOSED
from ui.restore.several import events as several_events
from ui.restore.several import panel as several
from ui.session import Session
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, steps

EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2}

RESULT = (
    "welcome", "result", "which", "title", "steps", "first", "second", "steps_note", "player",
    "stems", "mixer", "lower", "guarantee", "delivery",
)  # fmt: skip
BUTTONS = ("preview", "part", "noise", "restore", "stop", "first", "second")
RECORDING = ("facts", "preview_at", "diagnosed", "diagnosis", "content")
RECIPE = ("recipe_list", "chain")
FORECAST = ("status", *BUTTONS)
EVERYTHING = tuple(
    dict.fromkeys(
        (
            *(*RESULT, *BUTTONS, "status", *RECORDING, *RECIPE, *several.SHOWN),
            *("session", "file", "microphone"),
        )
    )
)
OWN_CHOSEN = f"() => '{OWN}'"


def wire(desk: events.Desk, parts: dict[str, Any]) -> None:
    """Connects every part of the tab."""
    _wire_source(desk, parts)
    _wire_recipe(desk, parts)
    _wire_own_weights(desk, parts)
    _wire_work(desk, parts)
    _wire_result(desk, parts)
    reference.wire(desk.host, parts)
    several.wire(desk, parts)
    parts["ticket"].change(None, parts["ticket"], None, js=KEEP_TICKET, **QUIET)


def resumed(
    desk: events.Desk, new_networks: reload.Networks, parts: dict[str, Any]
) -> dict[str, Any]:
    """The event of a new page, as the arguments of a listener: a reloaded one goes on."""
    return {
        "fn": once(partial(reload.resume, desk, reload.Tickets(), new_networks), parts),
        "inputs": chosen(parts, ("session", "ticket")),
        "outputs": chosen(parts, ("ticket", *EVERYTHING)),
        "js": _script("ticket.js"),
        "queue": False,
        **QUIET,
    }


def received(desk: events.Desk, parts: dict[str, Any]) -> list[dict[str, Any]]:
    """What follows a sound that another tab sends: listeners' arguments, one after another."""
    opened: dict[str, Any] = {
        "fn": following(partial(reference.open_parcel, desk), parts),
        "inputs": chosen(parts, ("session", "recipe_list", "chain")),
        "outputs": chosen(parts, (*EVERYTHING, "reference_note", "reference_box")),
        **AGAIN,
    }
    return [opened, {**_forecast(desk, parts, load=True), **LONG}]


def _forecast(desk: events.Desk, parts: dict[str, Any], load: bool = False) -> dict[str, Any]:
    """The event that follows every change of the recipe, as the arguments of a listener."""
    handler = once(partial(events.forecast, desk, load=load), parts)
    inputs = chosen(parts, ("session", "recipe_list", "chain"))
    return {"fn": handler, "inputs": inputs, "outputs": chosen(parts, FORECAST)}


def _wire_source(desk: events.Desk, parts: dict[str, Any]) -> None:
    outputs = chosen(parts, EVERYTHING)
    session, *recipe = chosen(parts, ("session", "recipe_list", "chain"))
    ahead = {**_forecast(desk, parts, load=True), **LONG}
    for origin, event, choose in (
        ("file", "upload", partial(several_events.choose, desk)),
        ("microphone", "stop_recording", partial(events.choose, desk, "microphone")),
    ):
        part, read = parts[origin], following(choose, parts)
        getattr(part, event)(read, [session, part, *recipe], outputs, **AGAIN).success(**ahead)
    for origin in ("file", "microphone"):
        part = parts[origin]
        forget = once(partial(events.forget, desk), parts)
        part.clear(forget, [session, *recipe], outputs, **QUIET)
    read = following(partial(_choose_example, desk), parts)
    for button in parts["examples"]:
        button.click(read, [session, button, *recipe], outputs, **AGAIN).success(**ahead)
    inputs = [session, parts["example"], *recipe]
    chosen_card = {"js": CHOSEN_CARD, **AGAIN}
    parts["cards"].select(read, inputs, outputs, **chosen_card).success(**ahead)


def _choose_example(
    desk: events.Desk, session: Session | None, title: Any, name: str, value: Any
) -> AsyncIterator[events.Updates]:
    path = events.examples().get(title) if isinstance(title, str) else None
    return events.choose(desk, "example", session, path, name, value)


def _wire_recipe(desk: events.Desk, parts: dict[str, Any]) -> None:
    opening = partial(recipe_events.open_recipe, desk.stages)
    session, listed, file, chain = chosen(parts, ("session", "recipe_list", "recipe_file", "chain"))
    ahead = {**_forecast(desk, parts), **QUIET}
    noise = once(partial(events.take_noise, desk), parts)
    inputs = [session, chain, parts["marked"]]
    outputs = chosen(parts, ("chain", "recipe_list", "status"))
    parts["noise"].click(noise, inputs, outputs, js=NOISE_MARKED, **QUIET).success(**ahead)
    own: dict[str, Any] = {
        "fn": None, "inputs": None, "outputs": listed, "js": OWN_CHOSEN, **QUIET,
    }  # fmt: skip
    listed.input(opening, [session, listed, chain], chain, **QUIET).success(**ahead)
    file.upload(opening, [session, file, chain], chain, **QUIET).success(**own).success(**ahead)
    chain.input(**own).success(**ahead)
    shown = "name => ({ visible: name !== 'proposed', __type__: 'update' })"
    listed.change(None, listed, parts["propose"], js=shown, **QUIET)
    again = once(partial(events.reconsider, desk), parts)
    proposed = chosen(parts, ("diagnosis", "recipe_list", "chain", *BUTTONS))
    inputs = [session, parts["content"], chain]
    parts["content"].input(again, inputs, proposed, **QUIET).success(**ahead)
    proposal = partial(_propose, desk.stages)
    parts["propose"].click(proposal, [session, chain], [listed, chain], **QUIET).success(**ahead)


def _propose(stages: dict[str, type], session: Session | None, value: Any) -> tuple[Any, Any]:
    return PROPOSED, recipe_events.open_recipe(stages, session, PROPOSED, value)


def _wire_own_weights(desk: events.Desk, parts: dict[str, Any]) -> None:
    adopt = partial(own_weights.adopt, desk.stages)
    inputs = chosen(parts, ("session", "weights", "size", "chain"))
    outputs = chosen(parts, ("chain", "weights_note"))
    parts["weights"].upload(adopt, inputs, outputs, **QUIET).success(
        None, None, parts["recipe_list"], js=OWN_CHOSEN, **QUIET
    ).success(**_forecast(desk, parts), **QUIET)


def _wire_work(desk: events.Desk, parts: dict[str, Any]) -> None:
    outputs = chosen(parts, ("status", *BUTTONS, *RESULT))
    outputs = list(dict.fromkeys(outputs))
    session, at_s, chain = chosen(parts, ("session", "preview_at", "chain"))
    to_result: dict[str, Any] = {"fn": None, "js": _script("to_result.js"), **QUIET}
    for name, kind in (("preview", result_events.PREVIEW), ("restore", result_events.WHOLE)):
        run = following(partial(events.run, desk, kind), parts)
        parts[name].click(run, [session, at_s, chain], outputs, **LONG).success(**to_result)
    run = following(partial(events.run, desk, result_events.WHOLE), parts)
    inputs = [session, at_s, chain, parts["marked"]]
    marked = parts["part"].click(run, inputs, outputs, js=MARKED, **LONG)
    marked.success(**to_result)
    parts["stop"].click(_stop, session, None, queue=False, **QUIET)


def _wire_result(desk: events.Desk, parts: dict[str, Any]) -> None:
    session, which = chosen(parts, ("session", "which"))
    show = once(partial(result_events.show, desk.stages), parts)
    which.input(show, [session, which], chosen(parts, RESULT), **QUIET)
    pair = following(partial(events.pair, desk), parts)
    both = chosen(parts, ("session", "first", "second"))
    outputs = chosen(parts, ("player", "status", *BUTTONS))
    gr.on([parts["first"].input, parts["second"].input], pair, both, outputs, **LONG)
    download = steps(result_events.download, parts)
    outputs = chosen(parts, ("download", "delivery"))
    for button in parts["downloads"]:
        written = button.click(download, [session, button], outputs, **EXPORT, **QUIET)
        written.success(None, js=START_DOWNLOAD, **QUIET)


def _stop(session: Session | None) -> None:
    if session is not None:
        session.stop()


def _script(name: str) -> str:
    """A function of the page, from assets/js."""
    return (ASSETS / "js" / name).read_text(encoding="utf-8")


KEEP_TICKET = """(ticket) => {
  if (!ticket) return;
  sessionStorage.setItem("wavemend-ticket", ticket);
  document.body.dataset.resumed = "true";
}"""
"""The ticket lives in the tab, not in the browser: another tab is another visit. With it the page
has its session; see `ui.wiring.AFTER_RESUME`."""

MARKED, NOISE_MARKED = (
    f"""({values}, _) => {{
  const loop = document.querySelector("#wm-compare .wm-player")?.abplayer?.loop;
  return [{values}, loop ? `${{loop.start}} ${{loop.end}}` : ""];
}}"""
    for values in ("session, at, chain", "session, chain")
)
"""What is marked on the player: its loop."""

CHOSEN_CARD = """(session, _, ...recipe) =>
  [session, document.querySelector("#wm-examples .wm-cards").dataset.chosen ?? "", ...recipe]"""

START_DOWNLOAD = (
    "() => document.querySelector('#wm-handed, #wm-handed a, #wm-handed button').click()"
)
