"""The results on the page: which one is shown, what of it, and its downloads."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from pipeline import recipe_text
from pipeline.stage import Cancelled
from ui.components import html
from ui.jobs import Job
from ui.restore import downloads, recipe_events, views
from ui.restore import result as results
from ui.restore.result import Result
from ui.restore.source import Source
from ui.session import Session, plain_error

RECORDING, WHOLE, PREVIEW = "recording", "whole", "preview"
MARK_FIRST = "Mark a part first: drag over the waveform, or set both ends with [ and ]."
LONGEST_NAME = 60  # characters of an earlier result's recipe
Updates = dict[str, Any]
Stages = Mapping[str, type]


def finished(stages: Stages, kind: str, session: Session, job: Job) -> Updates:
    """The page after the work has ended, in whichever way; earlier results stay."""
    try:
        result = job.result()
    except Exception as error:
        return {"status": failure(error), **buttons(session)}
    old = session.results.get(kind)
    session.results[kind] = result
    if isinstance(result, Result):
        summary = recipe_text.summary(result.recipe, stages)
        name = f"{time.strftime('%H:%M')}  {summary[:LONGEST_NAME]}"
        session.history = results.remember(session.history, result, name)
    if old is not None:
        shutil.rmtree(old.folder, ignore_errors=True)
    return {"status": "", **buttons(session), **show(stages, session, kind)}


def failure(error: Exception) -> str:
    """The message for a job that did not finish."""
    if isinstance(error, Cancelled):
        return html.note("Stopped.")
    return html.problem(plain_error(error))


def show(stages: Stages, session: Session | None, kind: str | None) -> Updates:
    """Shows the visitor's recording, or one of its results."""
    if session is None or session.source is None or kind is None:
        return {}
    result = session.source if kind == RECORDING else session.results.get(kind)
    if result is None:
        return {}
    session.shown = kind
    kinds = [key for key in (WHOLE, PREVIEW) if key in session.results]
    titles = [("Recording", RECORDING), *((session.results[key].title, key) for key in kinds)]
    return {
        "welcome": gr.update(visible=False),
        "result": gr.update(visible=True),
        "which": gr.update(choices=titles, value=kind, visible=len(titles) > 1),
        "player": result.player,
        "delivery": "",
        **_described(result, session.source.name, stages),
    }


def _described(result: Any, name: str, stages: Stages) -> Updates:
    """Everything about a recording or a result but its player."""
    if isinstance(result, Source):
        return {"title": views.result_title(name, "as it is", ""), **_WITHOUT_RESULT}
    return _restored(result, name, stages)


def _restored(result: Result, name: str, stages: Stages) -> Updates:
    steps = [(title, at) for at, (title, _) in enumerate(result.sounds)]
    chooser = {"choices": steps, "visible": len(steps) > 2, "interactive": True}
    summary = recipe_text.summary(result.recipe, stages)
    return {
        "title": views.result_title(name, result.title, summary),
        "steps": gr.update(visible=len(steps) > 2 or bool(result.note)),
        "first": gr.update(value=0, **chooser),
        "second": gr.update(value=len(result.steps) - 1, **chooser),
        "steps_note": html.note(result.note) if result.note else "",
        "stems": gr.update(visible=result.mixer is not None),
        "mixer": result.mixer,
        "lower": gr.update(visible=True),
        "guarantee": views.guarantee(result.rows),
    }


_WITHOUT_RESULT: Updates = {
    "steps": gr.update(visible=False),
    "stems": gr.update(visible=False),
    "mixer": None,
    "lower": gr.update(visible=False),
    "guarantee": "",
}
"""The page without what belongs to one restoration."""


def marked_part(session: Session, marked: Any) -> tuple[float, float]:
    """The marked part in seconds of the recording; `ValueError` where there is none."""
    shown = session.results.get(session.shown)
    offset_s = shown.start_s if isinstance(shown, Result) else 0.0
    try:
        start_s, end_s = (float(number) + offset_s for number in str(marked).split())
    except ValueError as error:
        raise ValueError(MARK_FIRST) from error
    return start_s, min(end_s, session.source.audio.seconds)


def cleared() -> Updates:
    """The page without a recording."""
    return {
        "welcome": gr.update(visible=True),
        "result": gr.update(visible=False),
        "several": gr.update(visible=False),
        "several_status": "",
        "diagnosed": gr.update(visible=False),
        "diagnosis": "",
        "which": gr.update(choices=[], value=None, visible=False),
        "title": "",
        "player": None,
        "mixer": None,
        "guarantee": "",
        "delivery": "",
        "status": "",
        "preview_at": gr.update(visible=False),
    }


def buttons(session: Session, *, running: bool = False) -> Updates:
    """Which of Preview, Restore and Stop can be pressed."""
    has_source = session.source is not None and not running
    can_run = has_source and not recipe_events.is_empty(session)
    start = gr.update(interactive=can_run, visible=not running)
    return {
        "preview": start,
        "restore": start,
        "part": start,
        "noise": gr.update(interactive=has_source),
        "stop": gr.update(visible=running),
        "first": gr.update(interactive=not running),
        "second": gr.update(interactive=not running),
    }


def download(session: Session | None, name: str) -> Iterator[Updates]:
    """Writes a download of the result that is shown; a long recording takes a while."""
    result = session.results.get(session.shown) if session else None
    if not isinstance(result, Result):
        yield {"download": None, "delivery": html.problem("There is no result to download yet.")}
        return
    yield {"download": None, "delivery": html.note(f"Writing {name} ...")}
    try:
        if session is not None and name == downloads.REPORT:
            path = downloads.report(result, session.source, session.reference)
        else:
            path = downloads.export(result, name)
        yield {"download": path, "delivery": ""}
    except Exception as error:
        yield {"download": None, "delivery": html.problem(plain_error(error))}
