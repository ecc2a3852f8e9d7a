"""What happens in the Generate tab: values in, new contents of the tab's parts out, by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import gradio as gr

from pipeline.generation import musicgen, weights
from pipeline.generation.musicgen import Request
from ui import memory, tab_recordings
from ui.components import html
from ui.components.formatting import about
from ui.components.rendering import render
from ui.degrade.damage import seed_of
from ui.generate import result
from ui.generate.result import Generated
from ui.jobs import Job
from ui.restore import views
from ui.restore.events import watched
from ui.sending import Parcel, exact
from ui.session import Host, Session, is_shared, plain_error, uploaded
from ui.wiring import Updates

RESULT = "generated"
TAB = "generate"
FILLED = ("prompt", "model", "seconds", "seed")
"""The parts of the form that a reload brings back."""

RECIPE = "ai-generated-music"
"""What Restore is opened with."""


def planned(
    tab_session: Session | None, session: Session | None, model: Any, seconds: Any
) -> Updates:
    """What generating will take, or what is missing and the cure; imports torch the first time."""
    if tab_session is not None and tab_session.job is not None and not tab_session.job.ended:
        return {}
    name = model if model in weights.MODELS else "small"
    is_melody = {"melody": gr.update(visible=name == "melody")}
    plan = ""
    if problem := weights.missing(name):
        plan = render("generate/missing.html", problem=problem, shared=is_shared())
    else:
        plan = _estimate(session, name, seconds)
    return {"plan": plan, **buttons(name), **is_melody}


def kept(host: Host, tab_session: Session | None, session: Session | None, *values: Any) -> Updates:
    """Keeps what the form shows, for a reload.

    Args:
        values: of FILLED.
    """
    tab_session = tab_recordings.opened(TAB, host, tab_session, session)
    tab_session.editor = dict(zip(FILLED, values, strict=True))
    return {"tab_session": tab_session}


def _estimate(session: Session | None, name: str, seconds: Any) -> str:
    device = (session.device if session else "") or "auto"
    request = Request("-", name, float(seconds))
    taken = about(musicgen.estimate_seconds(request, device))
    needed, free = musicgen.memory_gigabytes(name, device), memory.free_bytes()
    has = f" ({free / 1e9:.0f} GB are free)" if free is not None else ""
    return html.note(f"Takes about {taken}, and {needed:.1f} GB of memory{has}.")


def buttons(name: str) -> Updates:
    """Which of the tab's buttons are there while nothing runs; `name` is the model's."""
    is_here = weights.missing(name) is None
    can_fetch = weights.has_library() and not is_here and not is_shared()
    return {
        "generate": gr.update(visible=is_here),
        "stand_in": gr.update(visible=not is_here),
        "fetch": gr.update(visible=can_fetch),
        "stop": gr.update(visible=False),
    }


async def run(
    host: Host, tab_session: Session | None, session: Session | None, prompt: Any, model: Any,
    seconds: Any, guidance: Any, temperature: Any, top_k: Any, seed: Any, melody: Any,
) -> AsyncIterator[Updates]:  # fmt: skip
    """Generates music from what the form shows."""
    tab_session = tab_recordings.opened(TAB, host, tab_session, session)
    yield {"tab_session": tab_session}
    try:
        request = Request(
            str(prompt or ""), model, seconds, guidance, temperature, top_k, seed_of(seed)
        )
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    tab_session.editor = {"prompt": prompt, "model": model, "seconds": seconds, "seed": seed}
    tune = uploaded(melody) if model == "melody" else None
    device = (session.device if session else "") or "auto"
    folder = tab_session.new_folder(RESULT)
    work = partial(result.generate, request, tune, device, folder)
    async for updates in _followed(host, tab_session, request.model, work):
        yield updates
    yield planned(tab_session, session, model, seconds)


async def run_stand_in(
    host: Host, tab_session: Session | None, session: Session | None, model: Any, seed: Any
) -> AsyncIterator[Updates]:
    """Damages an example as generated music is damaged."""
    tab_session = tab_recordings.opened(TAB, host, tab_session, session)
    yield {"tab_session": tab_session}
    work = partial(result.stand_in, seed_of(seed), tab_session.new_folder(RESULT))
    async for updates in _followed(host, tab_session, str(model), work):
        yield updates


async def _followed(
    host: Host, tab_session: Session, name: str, work: Any
) -> AsyncIterator[Updates]:
    job = tab_session.begin(Job(work, host.heavy))
    yield {"status": html.running(job.progress()), **_busy()}
    async for progress in watched(tab_session, job):
        yield {"status": progress}
    if tab_session.job is job:
        yield tab_recordings.finished(tab_session, RESULT, job, show, lambda _: buttons(name))


def _busy() -> Updates:
    """The buttons while something runs: Stop alone."""
    hidden = gr.update(visible=False)
    return dict.fromkeys(("generate", "stand_in", "fetch"), hidden) | {
        "stop": gr.update(visible=True)
    }


def show(new: Generated) -> Updates:
    """The page with a result."""
    return {
        "welcome": gr.update(visible=False),
        "result": gr.update(visible=True),
        "title": views.result_title(new.name, new.title, ""),
        "player": new.player,
        "delivery": "",
    }


def resumed(tab_session: Session | None, session: Session | None) -> Updates:
    """The tab when it is chosen: on a page that was loaded again, what was there before."""
    before = tab_recordings.continued(TAB, tab_session, session)
    if before is None:
        return {}
    updates: Updates = {"tab_session": before}
    if before.editor is not None:
        updates |= before.editor
    return updates | (show(before.results[RESULT]) if RESULT in before.results else {})


async def fetch(
    host: Host, tab_session: Session | None, session: Session | None, model: Any, seconds: Any
) -> AsyncIterator[Updates]:
    """Downloads the weights of the chosen model; visitors of a shared server cannot."""
    tab_session = tab_recordings.opened(TAB, host, tab_session, session)
    if is_shared() or model not in weights.MODELS:
        return
    job = tab_session.begin(Job(lambda job: weights.fetch(model, job.tick), host.light))
    yield {"tab_session": tab_session, "status": html.running(job.progress()), **_busy()}
    async for progress in watched(tab_session, job):
        yield {"status": progress}
    try:
        job.result()
        status = html.note("Downloaded and verified.")
    except Exception as error:
        status = tab_recordings.failure(error)
    yield {"status": status, **planned(tab_session, session, model, seconds)}


def download(tab_session: Session | None, name: str) -> Iterator[Updates]:
    """Writes a download of the result."""
    return tab_recordings.download(tab_session, RESULT, name, lambda new: result.export(new, name))


def send(tab_session: Session | None, session: Session | None) -> Any:
    """Puts the result into the visitor's session, and opens Restore with the recipe for it.

    Raises:
        gr.Error: there is nothing to send.
    """
    new = tab_session.results.get(RESULT) if tab_session else None
    if new is None or session is None:
        raise gr.Error("There is no generated music yet.", print_exception=False)
    try:
        session.parcel = Parcel(
            exact(new.audio, new.folder, new.stem), new.reference, new.name, RECIPE
        )
    except Exception as error:
        raise gr.Error(plain_error(error), print_exception=False) from error
    return gr.Tabs(selected="restore")
