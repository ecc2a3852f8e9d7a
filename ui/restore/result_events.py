"""The results on the page: which one is shown, what of it, and what can be taken home."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from ui.components import chain_form, html
from ui.jobs import Job
from ui.restore import outcome, recipe_events, result_view
from ui.restore.comparison import MOST, Comparison
from ui.restore.outcome import Outcome
from ui.session import Session, plain_error

WHOLE, PREVIEW, COMPARED = "whole", "preview", "compared"
Updates = dict[str, Any]
Stages = Mapping[str, type]


def finished(stages: Stages, kind: str, session: Session, job: Job) -> Updates:
    """What the page shows when the work has ended, in whichever way; earlier results stay."""
    try:
        made = job.result()
    except Cancelled:
        return {"status": html.note("Stopped."), **buttons(ready=True)}
    except Exception as error:
        return {"status": html.problem(plain_error(error)), **buttons(ready=True)}
    old = session.results.get(kind)
    session.results[kind] = made
    if old is not None:
        shutil.rmtree(old.folder, ignore_errors=True)
    return {"status": "", **buttons(ready=True), **show(stages, session, kind)}


def show(stages: Stages, session: Session | None, kind: str | None) -> Updates:
    """Puts one of the visitor's results on the page."""
    if session is None or kind not in session.results:
        return {}
    session.shown = kind
    made = session.results[kind]
    kinds = [key for key in (WHOLE, PREVIEW, COMPARED) if key in session.results]
    names = [(session.results[key].title, key) for key in kinds]
    name = session.source.name
    shown = _compared(made, name) if isinstance(made, Comparison) else _restored(made, name, stages)
    return {
        "empty": gr.update(visible=False),
        "result": gr.update(visible=True),
        "which": gr.update(choices=names, value=kind, visible=len(names) > 1),
        "player": made.player,
        "delivery": "",
        **shown,
    }


def _restored(made: Outcome, name: str, stages: Stages) -> Updates:
    steps = [(title, at) for at, (title, _) in enumerate(made.steps)]
    chooser = {"choices": steps, "visible": len(steps) > 2, "interactive": True}
    return {
        "made": result_view.title(name, made.title, chain_form.summary(made.recipe, stages)),
        "steps": gr.update(visible=len(steps) > 2 or bool(made.note)),
        "first": gr.update(value=0, **chooser),
        "second": gr.update(value=len(steps) - 1, **chooser),
        "kept": html.note(made.note) if made.note else "",
        "stems": gr.update(visible=made.mixer is not None),
        "mixer": made.mixer,
        "lower": gr.update(visible=True),
        "card": result_view.guarantee(made.rows),
        "slots": gr.update(visible=False),
        **_slots([]),
    }


def _compared(made: Comparison, name: str) -> Updates:
    said = [result_view.candidate(one.title, one.rows, one.problem) for one in made.candidates]
    count = len(made.candidates)
    return {
        "made": result_view.title(name, made.title, f"{count} recipes on the same ten seconds"),
        "steps": gr.update(visible=False),
        "stems": gr.update(visible=False),
        "mixer": None,
        "lower": gr.update(visible=False),
        "card": "",
        "slots": gr.update(visible=True),
        **_slots(said),
    }


def _slots(said: list[str]) -> Updates:
    """The places of the recipes that are compared; the others are hidden."""
    found: Updates = {}
    for at in range(MOST):
        there = at < len(said)
        found[f"slot{at}"] = gr.update(visible=there)
        found[f"said{at}"] = said[at] if there else ""
    return found


def use(
    stages: Stages, at: int, session: Session | None, value: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Puts one of the compared recipes into list and editor."""
    made = session.results.get(COMPARED) if session else None
    if made is None or at >= len(made.candidates):
        return gr.skip(), gr.skip()
    one = made.candidates[at]
    return gr.update(value=one.name), recipe_events.filled(value, one.settings, stages)


def cleared() -> Updates:
    """Everything that belongs to a recording, without one."""
    return {
        "empty": gr.update(visible=True),
        "result": gr.update(visible=False),
        "diagnosed": gr.update(visible=False),
        "diagnosis": "",
        "which": gr.update(choices=[], value=None, visible=False),
        "made": "",
        "player": None,
        "mixer": None,
        "card": "",
        "delivery": "",
        "status": "",
        "preview_at": gr.update(visible=False),
        **_slots([]),
    }


def buttons(*, ready: bool = False, running: bool = False) -> Updates:
    """Which of Preview, Compare, Restore and Stop can be pressed."""
    can_start = gr.update(interactive=ready, visible=not running)
    return {
        "preview": can_start,
        "restore": can_start,
        "compare": gr.update(interactive=ready),
        "stop": gr.update(visible=running),
        "first": gr.update(interactive=not running),
        "second": gr.update(interactive=not running),
    }


def download(session: Session | None, name: str) -> Iterator[Updates]:
    """Makes the download of the result that is shown; a long one takes a while."""
    made = session.results.get(session.shown) if session else None
    if not isinstance(made, Outcome):
        yield {"handed": None, "delivery": html.problem("There is no result to download yet.")}
        return
    yield {"handed": None, "delivery": html.note(f"Writing {name} ...")}
    try:
        yield {"handed": outcome.export(made, name), "delivery": ""}
    except Exception as error:
        yield {"handed": None, "delivery": html.problem(plain_error(error))}
