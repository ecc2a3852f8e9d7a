"""The Restore tab: choose a recording, choose a recipe, hear ten seconds or restore it all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline import recipe
from ui import form, outcome, words
from ui import restore_events as events
from ui.common import Limits, Session
from ui.jobs import Line
from ui.player import ABPlayer

DEFAULT = "band-limited-speech"
"""The recipe that a new page shows."""

OWN = "own"
"""The recipe list's entry for settings that no named recipe has."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Events of the page only: no endpoint for others, our own progress line, not Gradio's."""

LONG: dict[str, Any] = {**QUIET, "concurrency_limit": None}
"""Events that follow a job: the job waits in our own line, its watchers need none."""

AGAIN: dict[str, Any] = {**LONG, "trigger_mode": "multiple"}
"""The same where a second one may come before the first has ended, and replaces it."""

EXPORT: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 2}


def build(
    session: gr.State, line: Line, limits: Limits, open_session: Callable[[], Session]
) -> dict[str, gr.blocks.Block]:
    """Draws the tab and wires it; returns its parts by name."""
    stages = recipe.stage_classes()
    desk = events.Desk(form.fields(stages), stages, line, limits, open_session)
    parts: dict[str, Any] = {"session": session}
    with gr.Row(elem_classes="wm-desk"):
        with gr.Column(scale=0, min_width=320, elem_classes="wm-left"):
            parts |= _draw_source()
            parts |= _draw_recipe(desk)
            parts |= _draw_actions()
        with gr.Column(scale=1, min_width=320, elem_classes="wm-right"):
            parts |= _draw_result()
    _wire_source(desk, parts)
    _wire_recipe(desk, parts)
    _wire_work(desk, parts)
    return parts


def _heading(text: str) -> None:
    gr.HTML(f"<h2>{text}</h2>", elem_classes="wm-heading", apply_default_css=False)


def _draw_source() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel"):
        _heading("Recording")
        with gr.Tabs(elem_classes="wm-source"):
            with gr.Tab("File"):
                file = gr.File(
                    label="Audio or video file", show_label=False, height=64, elem_id="wm-file"
                )
            with gr.Tab("Microphone"):
                microphone = gr.Audio(
                    sources=["microphone"],
                    type="filepath",
                    show_label=False,
                    editable=False,
                    buttons=[],
                    elem_id="wm-microphone",
                )
            with gr.Tab("Examples"):
                picks = [gr.Button(title, size="md") for title in events.examples()]
        facts = gr.HTML("", elem_id="wm-facts", apply_default_css=False)
    return {"file": file, "microphone": microphone, "picks": picks, "facts": facts}


def _draw_recipe(desk: events.Desk) -> dict[str, Any]:
    from models.registry import available

    checkpoints = [(card.title, card.name) for card in available()]
    with gr.Column(elem_classes="wm-panel"):
        _heading(f"Recipe {words.EXPLAIN}")
        with gr.Row(elem_classes="wm-tight"):
            titles = [(name.replace("-", " ").capitalize(), name) for name in recipe.named()]
            named = gr.Dropdown(
                [("Own settings", OWN), *titles],
                value=DEFAULT,
                show_label=False,
                container=False,
                min_width=160,
                label="Recipe",
                filterable=False,
                elem_id="wm-recipe",
            )
            opened = gr.UploadButton("Open", file_types=[".json"], size="md", scale=0, min_width=64)
        values = form.from_recipe(desk.form, recipe.dump(recipe.load(DEFAULT)))
        knobs = form.draw(desk.form, values, {"checkpoint": checkpoints} if checkpoints else None)
    return {"named": named, "opened": opened, "knobs": knobs}


def _draw_actions() -> dict[str, Any]:
    with gr.Column(elem_classes="wm-panel wm-actions"):
        preview_at = gr.Slider(
            0,
            1,
            value=0,
            step=0.1,
            label="Preview from (s)",
            visible=False,
            elem_id="wm-at",
        )
        with gr.Row(elem_classes="wm-tight"):
            preview = gr.Button("Preview 10 s", interactive=False, min_width=80)
            restore = gr.Button("Restore", variant="primary", interactive=False, min_width=80)
            stop = gr.Button("Stop", variant="stop", visible=False, min_width=60)
        status = gr.HTML("", elem_id="wm-status", apply_default_css=False)
    return {
        "preview_at": preview_at,
        "preview": preview,
        "restore": restore,
        "stop": stop,
        "status": status,
    }


def _draw_result() -> dict[str, Any]:
    empty = gr.HTML(words.EMPTY, apply_default_css=False)
    with gr.Column(visible=False, elem_classes="wm-result") as result:
        with gr.Row(elem_classes="wm-tight"):
            made = gr.HTML("", elem_id="wm-made", apply_default_css=False)
            which = gr.Radio(
                [],
                show_label=False,
                container=False,
                visible=False,
                elem_classes="wm-segments",
                elem_id="wm-which",
            )
        player = ABPlayer(elem_id="wm-compare")
        with gr.Row(elem_classes="wm-lower"):
            with gr.Column(elem_classes="wm-panel", min_width=300):
                _heading("Guarantee")
                card = gr.HTML("", elem_id="wm-guarantee", apply_default_css=False)
            with gr.Column(elem_classes="wm-panel", min_width=300):
                _heading("Download")
                with gr.Row(elem_classes="wm-tight wm-downloads"):
                    names = [*outcome.DOWNLOADS, outcome.RECIPE]
                    kinds = [gr.Button(name, size="md", min_width=90) for name in names]
                delivery = gr.HTML("", apply_default_css=False)
                gr.HTML(words.DOWNLOADS, apply_default_css=False)
                handed = gr.DownloadButton("Download", visible="hidden", elem_id="wm-handed")
    return {
        "empty": empty,
        "result": result,
        "made": made,
        "which": which,
        "player": player,
        "card": card,
        "delivery": delivery,
        "kinds": kinds,
        "handed": handed,
    }


# --- the wiring ---------------------------------------------------------------------------

RESULT = ("empty", "result", "which", "made", "player", "card", "delivery")
BUTTONS = ("preview", "restore", "stop")
CLEARED = (*RESULT, *BUTTONS, "status", "facts", "preview_at")


def _wire_source(desk: events.Desk, parts: dict[str, Any]) -> None:
    outputs = _all(parts, ("session", "file", "microphone", *CLEARED))
    for name, event in (("file", "upload"), ("microphone", "stop_recording")):
        chosen = _following(partial(events.choose, desk, name), parts)
        inputs = [parts["session"], parts[name], *parts["knobs"]]
        getattr(parts[name], event)(chosen, inputs, outputs, **AGAIN)
        dropped = _once(events.forget, parts)
        parts[name].clear(dropped, parts["session"], _all(parts, CLEARED), **QUIET)
    for button, path in zip(parts["picks"], events.examples().values(), strict=True):
        chosen = _following(partial(_choose_example, desk, path), parts)
        button.click(chosen, [parts["session"], *parts["knobs"]], outputs, **AGAIN)


def _choose_example(
    desk: events.Desk, path: Path, session: Session | None, *values: Any
) -> AsyncIterator[events.Updates]:
    return events.choose(desk, "example", session, path, *values)


def _wire_recipe(desk: events.Desk, parts: dict[str, Any]) -> None:
    opening = partial(events.open_recipe, desk)
    parts["named"].input(opening, parts["named"], parts["knobs"], **QUIET)
    parts["opened"].upload(opening, parts["opened"], parts["knobs"], **QUIET).success(
        None, None, parts["named"], js=f"() => '{OWN}'", **QUIET
    )
    changed = [knob.input for knob in parts["knobs"]]
    gr.on(changed, None, None, parts["named"], js=f"() => '{OWN}'", **QUIET)


def _wire_work(desk: events.Desk, parts: dict[str, Any]) -> None:
    inputs = [parts["session"], parts["preview_at"], *parts["knobs"]]
    outputs = _all(parts, ("status", *BUTTONS, *RESULT))
    for name, kind in (("preview", events.PREVIEW), ("restore", events.WHOLE)):
        run = _following(partial(events.run, desk, kind), parts)
        parts[name].click(run, inputs, outputs, **LONG).success(None, js=TO_RESULT, **QUIET)
    parts["stop"].click(_stop, parts["session"], None, queue=False, **QUIET)
    show = _once(partial(events.show, desk), parts)
    parts["which"].input(show, [parts["session"], parts["which"]], _all(parts, RESULT), **QUIET)
    hand, handed = _steps(events.download, parts), _all(parts, ("handed", "delivery"))
    for button in parts["kinds"]:
        made = button.click(hand, [parts["session"], button], handed, **EXPORT, **QUIET)
        made.success(None, js=HAND_OUT, **QUIET)


def _stop(session: Session | None) -> None:
    if session is not None:
        session.stop()


TO_RESULT = """() => {
  const result = document.querySelector(".wm-result");
  if (result && innerWidth < 900) result.scrollIntoView({ behavior: "smooth" });
}"""
"""On a narrow page the result is below: go there."""

HAND_OUT = "() => document.querySelector('#wm-handed, #wm-handed a, #wm-handed button').click()"


def _all(parts: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    return [parts[name] for name in names]


def _once(handler: Callable[..., events.Updates], parts: dict[str, Any]) -> Callable[..., Any]:
    """The handler as Gradio wants it: keyed by component instead of by name."""

    def once(*values: Any) -> Any:
        return {parts[name]: new for name, new in handler(*values).items()} or gr.skip()

    return once


def _steps(
    handler: Callable[..., Iterator[events.Updates]], parts: dict[str, Any]
) -> Callable[..., Iterator[Any]]:
    """The same for a handler of a few steps."""

    def steps(*values: Any) -> Iterator[Any]:
        for updates in handler(*values):
            yield {parts[name]: new for name, new in updates.items()}

    return steps


def _following(
    handler: Callable[..., AsyncIterator[events.Updates]], parts: dict[str, Any]
) -> Callable[..., AsyncIterator[Any]]:
    """The same for a handler that goes on: each of its updates, as it comes."""

    async def following(*values: Any) -> AsyncIterator[Any]:
        async for updates in handler(*values):
            yield {parts[name]: new for name, new in updates.items()}

    return following
