"""The recording of the Compare tab: opened from a file, an example or another tab."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from ui.compare import result, views
from ui.components import html
from ui.jobs import Job
from ui.restore import reference
from ui.restore.events import watched
from ui.restore.result import PREVIEW_S
from ui.sending import Parcel
from ui.session import Host, Session, plain_error, uploaded
from ui.wiring import Updates


def opened(host: Host, bench: Session | None, session: Session | None) -> Session:
    """The tab's own session: its recording and its job are not those of another tab."""
    return bench or host.open_session(session.visitor if session else "")


async def choose(
    host: Host,
    origin: str,
    bench: Session | None,
    session: Session | None,
    path: Any,
    name: str = "",
) -> AsyncIterator[Updates]:
    """Reads a new recording; whatever belongs to the previous one goes first.

    Args:
        origin: "file", "example" or "sent".
        path: an uploaded file, or the `Path` of a file of the server's own choosing.
        name: what the visitor calls it; "" is the file's own name.
    """
    bench = opened(host, bench, session)
    bench.forget()
    file = path if isinstance(path, Path) else uploaded(path)
    others = {} if origin == "file" else {"file": None}
    yield {"bench": bench, "facts": "", **others, **cleared(), **buttons(bench)}
    if file is None:
        return
    read = partial(result.read, file, name or file.name, host.limits.seconds)
    job = bench.begin(Job(read, host.light))
    yield {"stop": gr.update(visible=True)}
    async for progress in watched(bench, job):
        yield {"facts": progress}
    if bench.job is job:
        yield _read(bench, job)


def _read(bench: Session, job: Job) -> Updates:
    try:
        bench.source = job.result()
    except Exception as error:
        return {"facts": failure(error), **buttons(bench)}
    last_s = max(bench.source.audio.seconds - PREVIEW_S, 0.0)
    at = gr.update(maximum=max(round(last_s, 1), 0.1), value=0.0, visible=last_s > 0)
    return {"facts": views.facts(bench.source), "at": at, **buttons(bench)}


def send(session: Session | None) -> Any:
    """Packs the recording of the Restore tab, with its reference, and opens Compare.

    Raises:
        gr.Error: there is none.
    """
    if session is None or session.source is None:
        raise gr.Error("Choose a recording in Restore first.", print_exception=False)
    source = session.source
    session.parcel = Parcel(source.path, session.reference, "as in Restore", name=source.name)
    return gr.Tabs(selected="compare")


async def receive(
    host: Host, bench: Session | None, session: Session | None
) -> AsyncIterator[Updates]:
    """Opens the sound that another tab has sent, with its reference."""
    if session is None or session.parcel is None:
        yield {}
        return
    parcel, session.parcel = session.parcel, None
    async for updates in choose(host, "sent", bench, session, parcel.path, parcel.name):
        bench = updates.get("bench", bench)
        yield updates
    if bench is None or bench.source is None or bench.source.path != parcel.path:
        return
    bench.reference = parcel.reference
    if parcel.reference is not None:
        yield {"reference_note": reference.named(parcel.reference_name)}


def cleared() -> Updates:
    """The page without a recording."""
    return {
        "welcome": gr.update(visible=True),
        "result": gr.update(visible=False),
        "title": "",
        "player": None,
        "measures": "",
        "delivery": "",
        "status": "",
        "reference_note": "",
        "at": gr.update(visible=False),
    }


def buttons(bench: Session, *, running: bool = False) -> Updates:
    """Which of Preview, Compare and Stop can be pressed."""
    start = gr.update(interactive=bench.source is not None and not running, visible=not running)
    chooser = gr.update(interactive=not running)
    return {
        "preview": start, "compare": start, "stop": gr.update(visible=running),
        "first": chooser, "second": chooser,
    }  # fmt: skip


def failure(error: Exception) -> str:
    """The message for a job that did not finish."""
    if isinstance(error, Cancelled):
        return html.note("Stopped.")
    return html.problem(plain_error(error))
