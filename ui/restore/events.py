"""What happens in the Restore tab: values in, new contents of the tab's parts out, by name.

Nothing here knows a component; `ui.restore.tab` draws the parts and wires these functions to them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from ui.components import html
from ui.components.theme import ASSETS
from ui.jobs import Job
from ui.restore import comparison, diagnosis_view, outcome, recipe_events, recording_view, source
from ui.restore.result_events import (
    COMPARED,
    PREVIEW,
    WHOLE,
    Updates,
    buttons,
    cleared,
    finished,
    show,
)
from ui.restore.steps import loaded
from ui.session import Host, Session, plain_error, uploaded

EXAMPLES = ASSETS / "examples"
CHOOSE_FIRST = html.problem("Choose a recording first.")


@dataclass(frozen=True)
class Desk:
    """What the tab's handlers share, the same for every visitor: nothing in here changes."""

    stages: dict[str, type]
    host: Host


async def choose(
    desk: Desk, by: str, session: Session | None, path: str | Path | None, named: str, value: Any
) -> AsyncIterator[Updates]:
    """Reads a new recording and says what is wrong with it; what was shown before goes first.

    Args:
        by: the part it came from ("file", "microphone"); the other one is emptied.
        path: of an uploaded file, or the `Path` of an example.
        named, value: what recipe list and editor show.
    """
    session = session or desk.host.open_session()
    session.forget()
    others = {name: None for name in ("file", "microphone") if name != by}
    withdrawn = recipe_events.withdrawn(desk.stages, named, value)
    yield {"session": session, **others, **cleared(), **withdrawn, **buttons(ready=False)}
    trusted = path if isinstance(path, Path) else uploaded(path)
    if trusted is None:
        yield {"facts": ""}
        return
    name = "Recording.wav" if by == "microphone" else trusted.name
    reading = partial(_read, trusted, name, desk.host.limits.seconds)
    job = session.begin(Job(reading, desk.host.light))
    yield {"stop": gr.update(visible=True)}
    async for progress in _watched(session, job):
        yield {"facts": progress}
    if session.job is not job:
        return
    yield read(desk, session, job, named, value)


def forecast(desk: Desk, session: Session | None, named: str, value: Any) -> str:
    """How long it will take; what a stage needs is loaded now, while the visitor reads."""
    if session is None or session.source is None:
        return ""
    if named == recipe_events.PROPOSED and not session.source.diagnosis.recipe["stages"]:
        title = session.source.diagnosis.recipe.get("title", "Nothing to do")
        return html.note(f"{title}. {CHOOSE_YOURSELF}")
    try:
        settings = recipe_events.settings(desk.stages, value)
        outcome.warm_up(loaded(settings, session.networks))
    except Exception as error:
        return html.problem(plain_error(error))
    return recipe_events.forecast(desk.stages, session, value)


CHOOSE_YOURSELF = "To restore it all the same, choose a recipe or switch a stage on."


async def _watched(session: Session, job: Job) -> AsyncIterator[str]:
    """The progress line of a job, as long as it is the visitor's."""
    async for progress in job.follow():
        if session.job is not job:
            return
        yield html.running(progress)


def _read(path: Path, name: str, max_seconds: float, job: Job) -> source.Source:
    return source.read(path, name, max_seconds, job.tick)


def read(desk: Desk, session: Session, job: Job, named: str, value: Any) -> Updates:
    """What the page says once the recording has been read, or could not be."""
    stopped = {"stop": gr.update(visible=False)}
    try:
        session.source = found = job.result()
    except Cancelled:
        return {"facts": html.note("Stopped."), **stopped}
    except Exception as error:
        return {"facts": html.problem(plain_error(error)), **stopped}
    last = max(found.audio.seconds - outcome.PREVIEW_S, 0.0)
    slider = gr.update(maximum=max(round(last, 1), 0.1), value=0.0, visible=last > 0)
    offers = recipe_events.rivals(found)
    return {
        "facts": recording_view.facts(found),
        "diagnosed": gr.update(visible=True),
        "diagnosis": diagnosis_view.panel(found.diagnosis),
        "empty": gr.update(visible=False),
        "preview_at": slider,
        "rivals": gr.update(choices=offers, value=[offers[0][1]]),
        **recipe_events.proposed(desk.stages, found, named, value),
        **buttons(ready=True),
    }


def forget(desk: Desk, session: Session | None, named: str, value: Any) -> Updates:
    """The visitor has removed the recording; a recipe proposed for it goes with it."""
    if session is not None:
        session.forget()
    withdrawn = recipe_events.withdrawn(desk.stages, named, value)
    return {"facts": "", **cleared(), **withdrawn, **buttons(ready=False)}


async def run(
    desk: Desk, kind: str, session: Session | None, preview_at_s: float, value: Any
) -> AsyncIterator[Updates]:
    """Restores the recording, or ten seconds of it, and shows how it goes."""
    if session is None or session.source is None:
        yield {"status": CHOOSE_FIRST}
        return
    try:
        chain = loaded(recipe_events.settings(desk.stages, value), session.networks)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    chosen, folder = session.source, session.new_folder(kind)
    at_s = preview_at_s if kind == PREVIEW else None
    job = Job(lambda job: outcome.restore(chosen, chain, at_s, folder, job), desk.host.heavy)
    async for updates in _followed(session, job):
        yield updates
    if session.job is job:
        yield finished(desk.stages, kind, session, job)


async def compare(
    desk: Desk, session: Session | None, at_s: float, rivals: Sequence[str], value: Any
) -> AsyncIterator[Updates]:
    """Runs up to three recipes over the same ten seconds."""
    if session is None or session.source is None:
        yield {"status": CHOOSE_FIRST}
        return
    try:
        wanted = recipe_events.candidates(desk.stages, session, rivals, value)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    chosen, folder = session.source, session.new_folder(COMPARED)
    job = Job(lambda job: comparison.compare(chosen, wanted, at_s, folder, job), desk.host.heavy)
    async for updates in _followed(session, job):
        yield updates
    if session.job is job:
        yield finished(desk.stages, COMPARED, session, job)


async def pair(
    desk: Desk, session: Session | None, first: Any, second: Any
) -> AsyncIterator[Updates]:
    """Shows any two steps of the result: to hear, with their difference, and drawn."""
    made = session.results.get(session.shown) if session else None
    if session is None or not isinstance(made, outcome.Outcome):
        return
    job = Job(lambda job: outcome.pair(made, int(first), int(second), job), desk.host.light)
    async for updates in _followed(session, job):
        yield updates
    if session.job is not job or session.results.get(session.shown) is not made:
        return
    ready = buttons(ready=True)
    try:
        yield {"player": job.result(), "status": "", **ready}
    except Cancelled:
        yield {"status": html.note("Stopped."), **ready}
    except Exception as error:
        yield {"status": html.problem(plain_error(error)), **ready}


async def _followed(session: Session, job: Job) -> AsyncIterator[Updates]:
    """Starts a job as the visitor's one, and shows how it goes until it has ended."""
    session.begin(job)
    yield {"status": html.running(job.progress()), **buttons(running=True)}
    async for progress in _watched(session, job):
        yield {"status": progress}


def examples() -> dict[str, Path]:
    """Title -> file of the sounds that come with the workbench."""
    return {path.stem.replace("-", " "): path for path in sorted(EXAMPLES.glob("*.flac"))}


__all__ = ["COMPARED", "PREVIEW", "WHOLE", "Desk", "choose", "compare", "pair", "run", "show"]
