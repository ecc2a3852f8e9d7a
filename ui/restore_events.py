"""What happens in the Restore tab: values in, new contents of the tab's parts out, by name.

Nothing here knows a component; `ui.tab_restore` draws the parts and wires these functions to them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline import recipe
from pipeline.stage import Cancelled
from ui import form, outcome, source, words
from ui.common import Limits, Session, plain_error, uploaded
from ui.jobs import Job, Line
from ui.theme import ASSETS

EXAMPLES = ASSETS / "examples"
WHOLE, PREVIEW = "whole", "preview"
Updates = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What the tab's handlers share, the same for every visitor: nothing in here changes."""

    form: list[form.Field]
    stages: dict[str, type]
    line: Line
    limits: Limits
    open_session: Callable[[], Session]


async def choose(
    desk: Desk, by: str, session: Session | None, path: str | Path | None, *values: Any
) -> AsyncIterator[Updates]:
    """Reads a new recording; whatever was shown of the one before goes first.

    When it has been read, says how long the recipe in the form (`values`) will take.

    Args:
        by: the part it came from ("file", "microphone"); the other one is emptied.
        path: of an uploaded file, or the `Path` of an example.
    """
    session = session or desk.open_session()
    session.forget()
    others = {name: None for name in ("file", "microphone") if name != by}
    yield {"session": session, **others, **cleared(), **buttons(ready=False)}
    trusted = path if isinstance(path, Path) else uploaded(path)
    if trusted is None:
        yield {"facts": ""}
        return
    name = "Recording.wav" if by == "microphone" else trusted.name
    work = partial(_read, trusted, name, desk.limits.seconds)
    job = session.begin(Job(work, Line()))
    async for progress in _watched(session, job):
        yield {"facts": progress}
    if session.job is not job:
        return
    yield read(session, job)
    if session.source is not None:
        said = await asyncio.to_thread(_forecast, desk, session.source, values)
        if session.job is job:
            yield {"status": said}


def _forecast(desk: Desk, chosen: source.Source, values: Sequence[Any]) -> str:
    try:
        chain = recipe.load(form.to_recipe(desk.form, values))
        outcome.warm_up(chain)
        seconds = outcome.estimate_s(chosen.audio, chain)
    except Exception as error:
        return words.problem(plain_error(error))
    return words.note(f"Restoring all of it will take about {words.about(seconds)}.")


async def _watched(session: Session, job: Job) -> AsyncIterator[str]:
    """The progress line of a job, as long as it is the visitor's."""
    async for progress in job.follow():
        if session.job is not job:
            return
        yield words.running(progress)


def _read(path: Path, name: str, max_seconds: float, job: Job) -> source.Source:
    return source.read(path, name, max_seconds, partial(job.report, "Reading"))


def read(session: Session, job: Job) -> Updates:
    """What the page says once the recording has been read, or could not be."""
    try:
        session.source = found = job.result()
    except Cancelled:
        return {"facts": ""}
    except Exception as error:
        return {"facts": words.problem(plain_error(error))}
    last = max(found.audio.seconds - outcome.PREVIEW_S, 0.0)
    slider = gr.update(maximum=max(round(last, 1), 0.1), value=0.0, visible=last > 0)
    return {"facts": source.describe(found), "preview_at": slider, **buttons(ready=True)}


def forget(session: Session | None) -> Updates:
    """The visitor has removed the recording."""
    if session is not None:
        session.forget()
    return {"facts": "", **cleared(), **buttons(ready=False)}


async def run(
    desk: Desk, kind: str, session: Session | None, preview_at_s: float, *values: Any
) -> AsyncIterator[Updates]:
    """Restores the recording, or ten seconds of it, and shows how it goes."""
    if session is None or session.source is None:
        yield {"status": words.problem("Choose a recording first.")}
        return
    try:
        settings = form.to_recipe(desk.form, values)
        recipe.load(settings)
    except ValueError as error:
        yield {"status": words.problem(plain_error(error))}
        return
    chosen, folder = session.source, session.new_folder(kind)
    at_s = preview_at_s if kind == PREVIEW else None
    job = session.begin(
        Job(lambda job: outcome.restore(chosen, settings, at_s, folder, job), desk.line)
    )
    yield {"status": words.running(job.progress()), **buttons(running=True)}
    async for progress in _watched(session, job):
        yield {"status": progress}
    if session.job is job:
        yield finished(desk, kind, session, job)


def finished(desk: Desk, kind: str, session: Session, job: Job) -> Updates:
    """What the page shows when the work has ended, in whichever way; earlier results stay."""
    try:
        made = job.result()
    except Cancelled:
        return {"status": words.note("Stopped."), **buttons(ready=True)}
    except Exception as error:
        return {"status": words.problem(plain_error(error)), **buttons(ready=True)}
    old = session.results.get(kind)
    session.results[kind] = made
    if old is not None:
        shutil.rmtree(old.folder, ignore_errors=True)
    return {"status": "", **buttons(ready=True), **show(desk, session, kind)}


def show(desk: Desk, session: Session | None, kind: str | None) -> Updates:
    """Puts one of the visitor's results on the page."""
    if session is None or kind not in session.results:
        return {}
    session.shown = kind
    made = session.results[kind]
    kinds = [key for key in (WHOLE, PREVIEW) if key in session.results]
    names = [(session.results[key].title, key) for key in kinds]
    said = form.summary(made.recipe, desk.stages)
    return {
        "empty": gr.update(visible=False),
        "result": gr.update(visible=True),
        "which": gr.update(choices=names, value=kind, visible=len(names) > 1),
        "made": words.made(session.source.name, made.title, said),
        "player": made.player,
        "card": words.guarantee(made.rows),
        "delivery": "",
    }


def cleared() -> Updates:
    """Everything that belongs to a recording, without one."""
    return {
        "empty": gr.update(visible=True),
        "result": gr.update(visible=False),
        "which": gr.update(choices=[], value=None, visible=False),
        "made": "",
        "player": None,
        "card": "",
        "delivery": "",
        "status": "",
        "preview_at": gr.update(visible=False),
    }


def buttons(*, ready: bool = False, running: bool = False) -> Updates:
    """Which of Preview, Restore and Stop can be pressed."""
    return {
        "preview": gr.update(interactive=ready, visible=not running),
        "restore": gr.update(interactive=ready, visible=not running),
        "stop": gr.update(visible=running),
    }


def download(session: Session | None, name: str) -> Iterator[Updates]:
    """Makes the download of the result that is shown; a long one takes a while."""
    made = session.results.get(session.shown) if session else None
    if made is None:
        yield {"handed": None, "delivery": words.problem("There is no result to download yet.")}
        return
    yield {"handed": None, "delivery": words.note(f"Writing {name} ...")}
    try:
        yield {"handed": outcome.export(made, name), "delivery": ""}
    except Exception as error:
        yield {"handed": None, "delivery": words.problem(plain_error(error))}


def open_recipe(desk: Desk, chosen: str) -> list[Any]:
    """The form's values for a recipe by name or uploaded file; any other path is refused."""
    if chosen not in recipe.named() and uploaded(chosen) is None:
        return [gr.skip() for _ in desk.form]
    try:
        return form.from_recipe(desk.form, recipe.dump(recipe.load(chosen)))
    except Exception as error:
        raise gr.Error(words.escape(plain_error(error))) from error


def examples() -> dict[str, Path]:
    """Title -> file of the sounds that come with the workbench."""
    return {path.stem.replace("-", " "): path for path in sorted(EXAMPLES.glob("*.flac"))}
