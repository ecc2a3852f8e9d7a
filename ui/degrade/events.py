"""What happens in the Degrade tab: values in, new contents of the tab's parts out, by name."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline import recipe_text
from pipeline.stage import Cancelled
from ui.components import html
from ui.components.formatting import channels, clock
from ui.degrade import damage, result
from ui.degrade.result import Clean, Degraded
from ui.jobs import Job
from ui.restore import views
from ui.restore.events import watched
from ui.restore.result import PREVIEW_S
from ui.sending import Parcel, exact
from ui.session import Host, Session, plain_error, uploaded
from ui.wiring import Updates

RESULT = "degraded"
CHOOSE_FIRST = html.problem("Choose a recording first.")


def opened(host: Host, bench: Session | None, session: Session | None) -> Session:
    """The tab's own session: its recording and its job are not those of the Restore tab."""
    return bench or host.open_session(session.visitor if session else "")


async def choose(
    host: Host, origin: str, bench: Session | None, session: Session | None, path: Any
) -> AsyncIterator[Updates]:
    """Reads a new recording; whatever belongs to the previous one goes first.

    Args:
        origin: "file", "example" or "sent".
        path: an uploaded file, or the `Path` of a file of the server's own choosing.
    """
    bench = opened(host, bench, session)
    bench.forget()
    file = path if isinstance(path, Path) else uploaded(path)
    others = {} if origin == "file" else {"file": None}
    yield {"bench": bench, "facts": "", **others, **cleared(), **buttons(bench)}
    if file is None:
        return
    job = bench.begin(Job(partial(result.read, file, host.limits.seconds), host.light))
    yield {"stop": gr.update(visible=True)}
    async for progress in watched(bench, job):
        yield {"facts": progress}
    if bench.job is job:
        yield _read(bench, job)


def opening(session: Session | None) -> Any:
    """Opens the tab for the recording of the Restore tab.

    Raises:
        gr.Error: there is none.
    """
    if session is None or session.source is None:
        raise gr.Error("Choose a recording in Restore first.", print_exception=False)
    return gr.Tabs(selected="degrade")


async def receive(
    host: Host, bench: Session | None, session: Session | None
) -> AsyncIterator[Updates]:
    """Takes the recording of the Restore tab for a clean one."""
    if session is None or session.source is None:
        return
    async for updates in choose(host, "sent", bench, session, session.source.path):
        yield updates


def _read(bench: Session, job: Job) -> Updates:
    try:
        bench.source = job.result()
    except Exception as error:
        return {"facts": _failure(error), **buttons(bench)}
    last_s = max(bench.source.audio.seconds - PREVIEW_S, 0.0)
    at = gr.update(maximum=max(round(last_s, 1), 0.1), value=0.0, visible=last_s > 0)
    return {"facts": facts(bench.source), "at": at, **buttons(bench)}


def facts(source: Clean) -> str:
    """The facts panel: name and format of the recording."""
    audio = source.audio
    details = (clock(audio.seconds), f"{audio.rate / 1000:g} kHz", channels(audio.channels))
    return views.facts_panel(source.name, details, None, audio.rate)


async def run(
    host: Host, whole: bool, bench: Session | None, at_s: Any, name: Any, seed: Any, value: Any
) -> AsyncIterator[Updates]:
    """Degrades the recording, or ten seconds of it.

    Args:
        at_s: where the ten seconds begin.
        name, seed, value: what list, seed field and editor show.
    """
    if bench is None or bench.source is None:
        yield {"status": CHOOSE_FIRST}
        return
    try:
        chain = damage.chain_of(name, seed, value)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    start_s = None if whole else float(at_s or 0.0)
    folder, source = bench.new_folder(RESULT), bench.source
    job = Job(lambda job: result.degrade(source, chain, start_s, folder, job), host.heavy)
    bench.begin(job)
    yield {"status": html.running(job.progress()), **buttons(bench, running=True)}
    async for progress in watched(bench, job):
        yield {"status": progress}
    if bench.job is job:
        yield _finished(bench, job)


def _finished(bench: Session, job: Job) -> Updates:
    """The page after the work has ended, in whichever way; an earlier result stays."""
    try:
        new = job.result()
    except Exception as error:
        return {"status": _failure(error), **buttons(bench)}
    old, bench.results[RESULT] = bench.results.get(RESULT), new
    if old is not None:
        shutil.rmtree(old.folder, ignore_errors=True)
    return {"status": "", **buttons(bench), **show(new)}


def show(shown: Degraded) -> Updates:
    """The page with a result."""
    summary = recipe_text.summary(_without_seeds(result.document(shown)), damage.classes())
    return {
        "welcome": gr.update(visible=False),
        "result": gr.update(visible=True),
        "title": views.result_title(shown.name, shown.title, summary),
        "player": shown.player,
        "scores": shown.table,
        "delivery": "",
    }


def _without_seeds(document: Any) -> dict[str, Any]:
    stages = [{key: one[key] for key in one if key != "seed"} for one in document["stages"]]
    return {**document, "stages": stages}


def cleared() -> Updates:
    """The page without a recording."""
    return {
        "welcome": gr.update(visible=True),
        "result": gr.update(visible=False),
        "title": "",
        "player": None,
        "scores": "",
        "delivery": "",
        "status": "",
        "at": gr.update(visible=False),
    }


def buttons(bench: Session, *, running: bool = False) -> Updates:
    """Which of Preview, Degrade and Stop can be pressed."""
    start = gr.update(interactive=bench.source is not None and not running, visible=not running)
    return {"preview": start, "degrade": start, "stop": gr.update(visible=running)}


def download(bench: Session | None, name: str) -> Iterator[Updates]:
    """Writes a download of the result."""
    made = bench.results.get(RESULT) if bench else None
    if made is None:
        yield {"download": None, "delivery": html.problem("There is no result to download yet.")}
        return
    yield {"download": None, "delivery": html.note(f"Writing {name} ...")}
    try:
        yield {"download": result.export(made, name), "delivery": ""}
    except Exception as error:
        yield {"download": None, "delivery": html.problem(plain_error(error))}


def send(bench: Session | None, session: Session | None, tab: str = "restore") -> Any:
    """Puts the degraded sound and its reference into the visitor's session, and opens a tab.

    Raises:
        gr.Error: there is nothing to send.
    """
    made = bench.results.get(RESULT) if bench else None
    if made is None or session is None:
        raise gr.Error("There is no degraded recording yet.", print_exception=False)
    try:
        session.parcel = Parcel(exact(made.degraded, made.folder, made.stem), made.clean, made.name)
    except Exception as error:
        raise gr.Error(plain_error(error), print_exception=False) from error
    return gr.Tabs(selected=tab)


def _failure(error: Exception) -> str:
    if isinstance(error, Cancelled):
        return html.note("Stopped.")
    return html.problem(plain_error(error))
