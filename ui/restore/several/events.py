"""What happens with several recordings: values in, new contents of the tab's parts out, by name."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.stage import Cancelled
from ui.components import html
from ui.jobs import Job, JobQueue
from ui.restore import events, recipe_events, result_events
from ui.restore.several import archive, batch, views
from ui.restore.several.batch import Item, Several
from ui.restore.views import diagnosis_panel, result_title
from ui.session import Session, plain_error, uploaded
from ui.wiring import Updates

EACH, ALL = "each", "all"
EVERY_S = 0.5
FOLDER = "several"


async def choose(
    desk: events.Desk, session: Session | None, paths: Any, name: str, value: Any
) -> AsyncIterator[Updates]:
    """Opens the uploaded files: one as ever, more as a table.

    Args:
        paths: what the page's file field holds.
        name, value: what recipe list and editor show.
    """
    files = [file for path in _listed(paths) if (file := uploaded(path)) is not None]
    if len(files) < 2:
        one = files[0] if files else None
        async for updates in events.choose(desk, "file", session, one, name, value):
            yield updates
        return
    session = session or desk.host.open_session()
    known = _known(session, files)
    withdrawn = recipe_events.withdrawn(desk.stages, session, name, value)
    yield {
        "session": session, "microphone": None, **result_events.cleared(), **withdrawn,
        **result_events.buttons(session), "facts": "",
    }  # fmt: skip
    try:
        session.several = batch.gathered(files, session.new_folder(FOLDER), known)
    except ValueError as error:
        yield {"facts": html.problem(plain_error(error))}
        return
    yield shown(desk, session)
    async for updates in _read(desk, session):
        yield updates


def _known(session: Session, files: Sequence[Path]) -> list[Item]:
    """The recordings of before that are among the files; all else of the session goes."""
    before: Several | None = session.several
    known = [item for item in before.items if item.path in files] if before else []
    if before is None or not known:
        session.forget()
        return []
    session.stop()
    session.job = None  # whoever follows it lets go
    before.close_player()
    shutil.rmtree(before.folder, ignore_errors=True)  # its zip lacks the new ones
    return known


def _listed(paths: Any) -> Sequence[Any]:
    return paths if isinstance(paths, list) else [paths]


def shown(desk: events.Desk, session: Session) -> Updates:
    """The page with the recordings of a session; nothing where there are none."""
    several: Several | None = session.several
    if several is None:
        return {}
    several.running = None
    return {
        "welcome": gr.update(visible=False),
        "result": gr.update(visible=False),
        "several": gr.update(visible=True),
        **_table(desk, several),
        **_chosen(several),
    }


async def _read(desk: events.Desk, session: Session) -> AsyncIterator[Updates]:
    """Reads and diagnoses what has not been read."""
    unread = [at for at, item in enumerate(session.several.items) if item.is_unread]
    work = partial(batch.read, desk.host.limits.seconds)
    async for updates in _each(desk, session, unread, desk.host.light, work):
        yield updates


async def restore(
    desk: events.Desk, session: Session | None, by: str, value: Any
) -> AsyncIterator[Updates]:
    """Restores every recording that has no result of its recipe yet; a bad one stops no other.

    Args:
        by: EACH, by the recipe proposed for each, or ALL, by the one in the editor.
        value: what the editor shows.
    """
    if session is None or session.several is None:
        return
    try:
        document = recipe_events.document(desk.stages, value) if by == ALL else None
    except ValueError as error:
        yield {"several_status": html.problem(plain_error(error))}
        return
    async for updates in _read(desk, session):
        yield updates
    several: Several | None = session.several
    if several is None or any(item.is_unread for item in several.items):
        return  # stopped, or other files
    pending = [
        at
        for at, item in enumerate(several.items)
        if item.diagnosis is not None
        and (not item.outcome or item.outcome.recipe != batch.chosen_recipe(item, document))
    ]
    if not pending:
        yield {"several_status": html.note("Every recording has been restored by this recipe.")}
        return
    work = partial(batch.restore, document, session, desk.host.limits.seconds)
    async for updates in _each(desk, session, pending, desk.host.heavy, work):
        yield updates


async def _each(
    desk: events.Desk,
    session: Session,
    indices: Sequence[int],
    queue: JobQueue,
    work: Callable[[Item, Job], Item],
) -> AsyncIterator[Updates]:
    """A job for each item, one after another, until the visitor stops or does something else.

    Args:
        work: returns the item as it is afterwards.
    """
    several: Several = session.several
    for count, at in enumerate(indices, 1):
        item = several.items[at]
        job = session.begin(Job(partial(work, item), queue))
        async for progress in job.follow(EVERY_S):
            if session.job is not job:
                return
            several.running = at, progress
            line = html.running(progress, f"{count} of {len(indices)}, {item.name}")
            yield {"several_status": line, **_table(desk, several)}
        if session.job is not job:
            return
        several.running = None
        try:
            several.items[at] = job.result()
        except Cancelled:
            yield {"several_status": html.note("Stopped."), **_table(desk, several)}
            return
        except Exception as error:
            several.items[at] = replace(item, problem=plain_error(error))
    yield {"several_status": "", **_table(desk, several)}


async def open_row(
    desk: events.Desk, session: Session | None, number: Any
) -> AsyncIterator[Updates]:
    """Shows the player of a row; a second click closes it.

    Args:
        number: the row's index as a text, from a browser.
    """
    several: Several | None = session.several if session else None
    at = int(number) if str(number).isdecimal() else -1
    if session is None or several is None or not 0 <= at < len(several.items):
        return
    item, was_open = several.items[at], at == several.chosen
    several.close_player()
    if was_open or item.info is None:
        yield {**_table(desk, several), **_chosen(several)}
        return
    several.chosen, several.player_folder = at, session.new_folder("listen")
    work = partial(batch.player, item, several.player_folder, desk.host.limits.seconds)
    job = session.begin_beside(Job(work, desk.host.light))
    yield {**_table(desk, several), **_chosen(several)}
    async for progress in job.follow():
        if session.several is not several or several.chosen != at:
            return  # another row; leaving stops the job
        yield {"several_listen": html.running(progress)}
    try:
        several.player = job.result()
        yield _chosen(several)
    except Exception as error:
        yield {"several_listen": html.problem(plain_error(error))}


def _chosen(several: Several) -> Updates:
    """The row that is open: its player and its diagnosis."""
    item = several.items[several.chosen] if several.chosen is not None else None
    extent = "restored" if item and item.outcome else "as it is"
    return {
        "several_open": gr.update(visible=item is not None),
        "several_title": result_title(item.name, extent, "") if item else "",
        "several_listen": "",
        "several_player": several.player,
        "several_diagnosis": diagnosis_panel(item.diagnosis) if item and item.diagnosis else "",
    }


def _table(desk: events.Desk, several: Several) -> Updates:
    """The table, and what can be pressed."""
    is_running = several.running is not None
    can_run = any(not item.problem or item.diagnosis for item in several.items)
    has_results = any(item.outcome for item in several.items)
    return {
        "several_rows": views.table(several, desk.stages),
        "several_count": html.note(views.counts(several)),
        "several_go": gr.update(visible=not is_running, interactive=can_run),
        "several_stop": gr.update(visible=is_running),
        "several_zip": gr.update(interactive=has_results and not is_running),
    }


async def download(desk: events.Desk, session: Session | None) -> AsyncIterator[Updates]:
    """Writes the zip of all results, and hands it to the browser."""
    several: Several | None = session.several if session else None
    if session is None or several is None:
        return
    write = partial(_write, several, session)
    job = session.begin_beside(Job(write, desk.host.light))
    yield {"several_download": None}
    async for progress in job.follow():
        yield {"several_status": html.running(progress)}
    try:
        yield {"several_download": job.result(), "several_status": ""}
    except Exception as error:
        yield {"several_download": None, "several_status": html.problem(plain_error(error))}


def _write(several: Several, session: Session, job: Job) -> Path:
    return archive.write(several, session, job.tick)
