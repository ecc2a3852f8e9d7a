"""What happens in the Degrade tab: values in, new contents of the tab's parts out, by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import gradio as gr

from pipeline import recipe_text
from ui import tab_recordings
from ui.components import html
from ui.degrade import damage, result
from ui.degrade.result import LONGEST_S, Degraded
from ui.jobs import Job
from ui.restore import views
from ui.restore.events import watched
from ui.sending import Parcel, exact
from ui.session import Host, Session, plain_error
from ui.wiring import Updates

RESULT = "degraded"


def opening(session: Session | None) -> Any:
    """Opens the tab for the recording of the Restore tab.

    Raises:
        gr.Error: there is none.
    """
    if session is None or session.source is None:
        raise gr.Error("Choose a recording in Restore first.", print_exception=False)
    return gr.Tabs(selected="degrade")


async def receive(
    host: Host, tab_session: Session | None, session: Session | None
) -> AsyncIterator[Updates]:
    """Takes the recording of the Restore tab for a clean one."""
    if session is None or session.source is None:
        return
    async for updates in choose(host, "sent", tab_session, session, session.source.path):
        yield updates


def resumed(tab_session: Session | None, session: Session | None) -> Updates:
    """The tab when it is chosen: on a page that was loaded again, what was there before."""
    before = tab_recordings.continued(TAB.name, tab_session, session)
    if before is None:
        return {}
    updates = tab_recordings.again(before, buttons)
    if before.editor is not None:
        updates |= dict(zip(("listed", "seed", "chain"), before.editor, strict=True))
    return updates | (show(before.results[RESULT]) if RESULT in before.results else {})


def kept(
    host: Host,
    tab_session: Session | None,
    session: Session | None,
    name: Any,
    seed: Any,
    value: Any,
) -> Updates:
    """Keeps what list, seed field and editor show, for a reload."""
    tab_session = tab_recordings.opened(TAB.name, host, tab_session, session)
    tab_session.editor = (name, seed, value)
    return {"tab_session": tab_session}


async def run(
    host: Host,
    whole: bool,
    tab_session: Session | None,
    at_s: Any,
    name: Any,
    seed: Any,
    value: Any,
) -> AsyncIterator[Updates]:
    """Degrades the recording, or ten seconds of it.

    Args:
        at_s: where the ten seconds begin.
        name, seed, value: what list, seed field and editor show.
    """
    if tab_session is None or tab_session.source is None:
        yield {"status": tab_recordings.CHOOSE_FIRST}
        return
    try:
        chain = damage.chain_of(name, seed, value)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    start_s = None if whole else float(at_s or 0.0)
    tab_session.editor = (name, seed, value)
    folder, source = tab_session.new_folder(RESULT), tab_session.source
    job = Job(lambda job: result.degrade(source, chain, start_s, folder, job), host.heavy)
    tab_session.begin(job)
    yield {"status": html.running(job.progress()), **buttons(tab_session, running=True)}
    async for progress in watched(tab_session, job):
        yield {"status": progress}
    if tab_session.job is job:
        yield tab_recordings.finished(tab_session, RESULT, job, show, buttons)


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


def buttons(tab_session: Session, *, running: bool = False) -> Updates:
    """Which of Preview, Degrade and Stop can be pressed."""
    start = gr.update(
        interactive=tab_session.source is not None and not running, visible=not running
    )
    return {"preview": start, "degrade": start, "stop": gr.update(visible=running)}


def download(tab_session: Session | None, name: str) -> Iterator[Updates]:
    """Writes a download of the result."""
    return tab_recordings.download(tab_session, RESULT, name, lambda new: result.export(new, name))


def send(tab_session: Session | None, session: Session | None, tab: str = "restore") -> Any:
    """Puts the degraded sound and its reference into the visitor's session, and opens a tab.

    Raises:
        gr.Error: there is nothing to send.
    """
    made = tab_session.results.get(RESULT) if tab_session else None
    if made is None or session is None:
        raise gr.Error("There is no degraded recording yet.", print_exception=False)
    try:
        session.parcel = Parcel(exact(made.degraded, made.folder, made.stem), made.clean, made.name)
    except Exception as error:
        raise gr.Error(plain_error(error), print_exception=False) from error
    return gr.Tabs(selected=tab)


TAB = tab_recordings.RecordingTab("degrade", LONGEST_S, cleared, buttons)
choose = partial(tab_recordings.choose, TAB)
"""Reads a new recording; see `ui.tab_recordings.choose`."""
