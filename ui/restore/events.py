"""What happens in the Restore tab: values in, new contents of the tab's parts out, by name.

Nothing here knows a component: `ui.restore.tab` lays the parts out, `ui.restore.tab_wiring`
connects them to these functions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from models.card import CLASSES
from pipeline.stage import Cancelled
from ui.components import html
from ui.components.theme import ASSETS
from ui.jobs import Job
from ui.restore import (
    estimate,
    recipe_events,
    result_events,
    source,
    views,
)
from ui.restore import result as results
from ui.restore.result_events import PREVIEW, RECORDING, Updates, buttons, marked_part
from ui.restore.steps import load_chain
from ui.session import Host, Session, plain_error, uploaded

EXAMPLES = ASSETS / "examples"
CHOOSE_FIRST = html.problem("Choose a recording first.")


@dataclass(frozen=True)
class Desk:
    """What the tab's handlers share; the same for every visitor."""

    stages: dict[str, type]
    host: Host


async def choose(
    desk: Desk, origin: str, session: Session | None, path: str | Path | None, name: str, value: Any
) -> AsyncIterator[Updates]:
    """Reads and diagnoses a new recording; whatever belongs to the previous one goes first.

    Args:
        origin: the part that it came from ("file", "microphone", "example").
        path: an uploaded file, or the `Path` of an example.
        name, value: what recipe list and editor show.
    """
    session = session or desk.host.open_session()
    session.forget()
    others = {part: None for part in ("file", "microphone") if part != origin}
    withdrawn = recipe_events.withdrawn(desk.stages, session, name, value)
    yield {
        "session": session,
        **others,
        **result_events.cleared(),
        **withdrawn,
        **buttons(session),
    }
    file = path if isinstance(path, Path) else uploaded(path)
    if file is None:
        yield {"facts": ""}
        return
    title = "Recording.wav" if origin == "microphone" else file.name
    folder = session.new_folder(RECORDING)
    reading = partial(_read, file, title, desk.host.limits.seconds, folder)
    job = session.begin(Job(reading, desk.host.light))
    yield {"stop": gr.update(visible=True)}
    async for progress in watched(session, job):
        yield {"facts": progress}
    if session.job is job:
        yield read(desk, session, job, value)


def _read(path: Path, name: str, max_seconds: float, folder: Path, job: Job) -> source.Source:
    return source.read(path, name, max_seconds, job.tick, folder)


def read(desk: Desk, session: Session, job: Job, value: Any) -> Updates:
    """The page once the recording has been read, or could not be."""
    stopped = {"stop": gr.update(visible=False)}
    try:
        session.source = job.result()
    except Cancelled:
        return {"facts": html.note("Stopped."), **stopped}
    except Exception as error:
        return {"facts": html.problem(plain_error(error)), **stopped}
    return {
        **recording(session.source),
        **result_events.show(desk.stages, session, RECORDING),
        **recipe_events.proposed(desk.stages, session, session.source, value),
        **buttons(session),
    }


def recording(chosen: source.Source) -> Updates:
    """Shows a recording and its diagnosis."""
    last_s = max(chosen.audio.seconds - results.PREVIEW_S, 0.0)
    return {
        "facts": views.facts(chosen),
        "diagnosed": gr.update(visible=True),
        "diagnosis": views.diagnosis_panel(chosen.diagnosis),
        "content": views.content(chosen.diagnosis),
        "welcome": gr.update(visible=False),
        "preview_at": gr.update(maximum=max(round(last_s, 1), 0.1), value=0.0, visible=last_s > 0),
    }


def reconsider(desk: Desk, session: Session | None, kind: str | None, value: Any) -> Updates:
    """The visitor says what the recording is: proposes anew.

    Args:
        kind: one of `models.card.CLASSES`; anything else changes nothing.
        value: what the editor shows.
    """
    if session is None or session.source is None or kind not in CLASSES:
        return {}
    before: source.Source = session.source
    chosen = replace(before, diagnosis=before.diagnosis.with_content(kind, before.audio))
    session.source = chosen
    return {
        "diagnosis": views.diagnosis_panel(chosen.diagnosis),
        **recipe_events.proposed(desk.stages, session, chosen, value),
        **buttons(session),
    }


def forget(desk: Desk, session: Session | None, name: str, value: Any) -> Updates:
    """The visitor has removed the recording; its proposal goes with it."""
    if session is None:
        return {"facts": "", **result_events.cleared()}
    session.forget()
    withdrawn = recipe_events.withdrawn(desk.stages, session, name, value)
    return {"facts": "", **result_events.cleared(), **withdrawn, **buttons(session)}


def forecast(
    desk: Desk,
    session: Session | None,
    name: str,
    value: Any,
    load: bool = False,
) -> Updates:
    """What list and editor now show is remembered, and how long it would take is shown.

    Args:
        load: also load the recipe's networks, while the visitor reads the diagnosis.
    """
    recipe_events.remember(session, name, value)
    if session is None or session.source is None:
        return {"status": ""}
    if _is_working(session):
        return {}
    status = recipe_events.forecast(desk.stages, session, name, value)
    if load and not recipe_events.is_empty(session):
        status = _load(desk, session, value) or status
    if _is_working(session):  # begun meanwhile: its progress and Stop stay
        return {}
    return {"status": status, **buttons(session)}


def _is_working(session: Session) -> bool:
    return session.job is not None and not session.job.ended


def _load(desk: Desk, session: Session, value: Any) -> str:
    """Loads the recipe's networks; what is in the way, or ""."""
    try:
        document = recipe_events.document(desk.stages, value)
        estimate.warm_up(load_chain(document, session))
    except Exception as error:
        return html.problem(plain_error(error))
    return ""


async def run(
    desk: Desk,
    kind: str,
    session: Session | None,
    preview_at_s: float,
    value: Any,
    marked: Any = None,
) -> AsyncIterator[Updates]:
    """Restores the recording, ten seconds of it, or the part that is marked on the player.

    Args:
        marked: "START END" in seconds of what the player shows, from a browser; None for no part.
    """
    if session is None or session.source is None:
        yield {"status": CHOOSE_FIRST}
        return
    try:
        document = recipe_events.document(desk.stages, value)
        chain = load_chain(document, session)
        part_s = None if marked is None else marked_part(session, marked)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    recording, folder = session.source, session.new_folder(kind)
    at_s = preview_at_s if kind == PREVIEW else None
    job = Job(
        lambda job: results.restore(recording, chain, at_s, folder, job, part_s), desk.host.heavy
    )
    async for updates in _followed(session, job):
        yield updates
    if session.job is job:
        yield result_events.finished(desk.stages, kind, session, job)


def take_noise(desk: Desk, session: Session | None, value: Any, marked: Any) -> Updates:
    """The stages that turn down noise measure it in the part that is marked on the player.

    Args:
        value: what the editor shows.
        marked: as of `run`.
    """
    if session is None or session.source is None:
        return {"status": CHOOSE_FIRST}
    try:
        span_s = marked_part(session, marked)
        new = recipe_events.with_noise_print(desk.stages, value, span_s)
    except ValueError as error:
        return {"status": html.problem(plain_error(error))}
    return {"chain": new, "recipe_list": recipe_events.OWN}


async def pair(
    desk: Desk, session: Session | None, first: Any, second: Any
) -> AsyncIterator[Updates]:
    """Shows any two steps of the result: their players, their difference and their pictures."""
    result = session.results.get(session.shown) if session else None
    if session is None or not isinstance(result, results.Result):
        return
    job = Job(lambda job: results.pair(result, int(first), int(second), job), desk.host.light)
    async for updates in _followed(session, job):
        yield updates
    if session.job is not job or session.results.get(session.shown) is not result:
        return
    try:
        yield {"player": job.result(), "status": "", **buttons(session)}
    except Exception as error:
        yield {"status": result_events.failure(error), **buttons(session)}


async def _followed(session: Session, job: Job) -> AsyncIterator[Updates]:
    """Starts a job as the visitor's one, and shows its progress until it has ended."""
    session.begin(job)
    yield {"status": html.running(job.progress()), **buttons(session, running=True)}
    async for progress in watched(session, job):
        yield {"status": progress}


async def watched(session: Session, job: Job) -> AsyncIterator[str]:
    """The progress line of a job, for as long as it is the visitor's current one."""
    async for progress in job.follow():
        if session.job is not job:
            return
        yield html.running(progress)


def examples() -> dict[str, Path]:
    """The shipped examples: title -> file."""
    return {path.stem.replace("-", " "): path for path in sorted(EXAMPLES.glob("*.flac"))}
