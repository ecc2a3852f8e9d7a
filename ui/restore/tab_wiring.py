"""The Restore tab's parts tied to its handlers; the handlers know them by name only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from ui.restore import events as events
from ui.restore import own_weights, recipe_events, result_events
from ui.restore.comparison import MOST
from ui.restore.recipe_events import OWN, PROPOSED
from ui.session import Session
from ui.wiring import AGAIN, LONG, QUIET, chosen, following, once, steps

EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2}

RESULT = (
    "empty", "result", "which", "made", "steps", "first", "second", "kept", "player", "stems",
    "mixer", "lower", "card", "delivery", "slots",
    *(f"{part}{at}" for at in range(MOST) for part in ("slot", "said")),
)  # fmt: skip
BUTTONS = ("preview", "restore", "compare", "stop")
CLEARED = (*RESULT, *BUTTONS, "status", "facts", "preview_at", "diagnosed", "diagnosis")
RECIPE = ("rivals", "named", "chain")
READ = (*CLEARED, *RECIPE, "session", "file", "microphone")


def wire(desk: events.Desk, parts: dict[str, Any]) -> None:
    """Ties every part of the tab to what it does."""
    _wire_source(desk, parts)
    _wire_recipe(desk, parts)
    _wire_own_weights(desk, parts)
    _wire_work(desk, parts)
    _wire_result(desk, parts)


def _wire_source(desk: events.Desk, parts: dict[str, Any]) -> None:
    outputs = chosen(parts, READ)
    state = chosen(parts, ("named", "chain"))
    ahead: dict[str, Any] = {
        "fn": partial(events.forecast, desk), "inputs": [parts["session"], *state],
        "outputs": parts["status"], **LONG,
    }  # fmt: skip
    for name, event in (("file", "upload"), ("microphone", "stop_recording")):
        read = following(partial(events.choose, desk, name), parts)
        getattr(parts[name], event)(
            read, [parts["session"], parts[name], *state], outputs, **AGAIN
        ).success(**ahead)
        dropped, gone = once(partial(events.forget, desk), parts), (*CLEARED, *RECIPE)
        parts[name].clear(dropped, [parts["session"], *state], chosen(parts, gone), **QUIET)
    for button, path in zip(parts["picks"], events.examples().values(), strict=True):
        read = following(partial(_choose_example, desk, path), parts)
        button.click(read, [parts["session"], *state], outputs, **AGAIN).success(**ahead)


def _choose_example(
    desk: events.Desk, path: Path, session: Session | None, named: str, value: Any
) -> AsyncIterator[events.Updates]:
    return events.choose(desk, "example", session, path, named, value)


def _wire_recipe(desk: events.Desk, parts: dict[str, Any]) -> None:
    opening = partial(recipe_events.open_recipe, desk.stages)
    session, named, opened, chain = chosen(parts, ("session", "named", "opened", "chain"))
    forecast = partial(recipe_events.forecast, desk.stages)
    ahead: dict[str, Any] = {"fn": forecast, "inputs": [session, chain], "outputs": parts["status"]}
    named.input(opening, [session, named, chain], chain, **QUIET).success(**ahead, **QUIET)
    opened.upload(opening, [session, opened, chain], chain, **QUIET).success(
        None, None, named, js=f"() => '{OWN}'", **QUIET
    ).success(**ahead, **QUIET)
    chain.input(None, None, named, js=f"() => '{OWN}'", **QUIET).success(**ahead, **QUIET)
    shown = "name => ({ visible: name !== 'proposed', __type__: 'update' })"
    named.change(None, named, parts["propose"], js=shown, **QUIET)
    proposal = partial(_propose, desk.stages)
    parts["propose"].click(proposal, [session, chain], [named, chain], **QUIET).success(
        **ahead, **QUIET
    )


def _wire_own_weights(desk: events.Desk, parts: dict[str, Any]) -> None:
    names = ("session", "weights", "size", "chain")
    adopt = partial(own_weights.adopt, desk.stages)
    outputs = chosen(parts, ("chain", "adopted"))
    parts["weights"].upload(adopt, chosen(parts, names), outputs, **QUIET).success(
        None, None, parts["named"], js=f"() => '{OWN}'", **QUIET
    )


def _propose(stages: dict[str, type], session: Session | None, value: Any) -> tuple[Any, Any]:
    return PROPOSED, recipe_events.open_recipe(stages, session, PROPOSED, value)


def _wire_work(desk: events.Desk, parts: dict[str, Any]) -> None:
    outputs = chosen(parts, ("status", *BUTTONS, *RESULT))
    session, at_s, chain = chosen(parts, ("session", "preview_at", "chain"))
    for name, kind in (("preview", events.PREVIEW), ("restore", events.WHOLE)):
        run = following(partial(events.run, desk, kind), parts)
        parts[name].click(run, [session, at_s, chain], outputs, **LONG).success(
            None, js=TO_RESULT, **QUIET
        )
    rival = following(partial(events.compare, desk), parts)
    parts["compare"].click(rival, [session, at_s, parts["rivals"], chain], outputs, **LONG).success(
        None, js=TO_RESULT, **QUIET
    )
    parts["stop"].click(_stop, session, None, queue=False, **QUIET)


def _wire_result(desk: events.Desk, parts: dict[str, Any]) -> None:
    session, named, chain, which = chosen(parts, ("session", "named", "chain", "which"))
    show = once(partial(events.show, desk.stages), parts)
    which.input(show, [session, which], chosen(parts, RESULT), **QUIET)
    pair = following(partial(events.pair, desk), parts)
    both = chosen(parts, ("session", "first", "second"))
    outputs = chosen(parts, ("player", "status", "first", "second", *BUTTONS))
    gr.on([parts["first"].input, parts["second"].input], pair, both, outputs, **LONG)
    for at, button in enumerate(parts["uses"]):
        use = partial(result_events.use, desk.stages, at)
        button.click(use, [session, chain], [named, chain], **QUIET)
    hand, handed = steps(result_events.download, parts), chosen(parts, ("handed", "delivery"))
    for button in parts["kinds"]:
        made = button.click(hand, [session, button], handed, **EXPORT, **QUIET)
        made.success(None, js=HAND_OUT, **QUIET)


def _stop(session: Session | None) -> None:
    if session is not None:
        session.stop()


TO_RESULT = """() => {
  const result = document.querySelector(".wm-result");
  if (!result) return;
  document.querySelector(".wm-diagnosis")?.removeAttribute("open");
  if (innerWidth < 900) result.scrollIntoView({ behavior: "smooth" });
}"""
"""The diagnosis folds, to make room; on a narrow page the result is below: go there."""

HAND_OUT = "() => document.querySelector('#wm-handed, #wm-handed a, #wm-handed button').click()"
