"""What happens in the Compare tab: values in, new contents of the tab's parts out, by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.stage import Chain
from ui import tab_recordings
from ui.compare import candidates, result, views
from ui.compare.recording_events import TAB, buttons
from ui.compare.result import Comparison
from ui.components import html
from ui.components.formatting import about
from ui.components.player import KEYS
from ui.jobs import Job
from ui.restore import estimate, reference
from ui.restore import views as restore_views
from ui.restore.events import watched
from ui.session import Host, Session, plain_error
from ui.wiring import Updates

RESULT = "compared"


@dataclass(frozen=True)
class Desk:
    """What the tab's handlers share; the same for every visitor."""

    stages: dict[str, type]
    host: Host


def listed(desk: Desk, text: Any) -> Updates:
    """The list of recipes, with those that the browser keeps; what is chosen stays chosen."""
    saved = candidates.read_saved(text, desk.stages)
    return {"saved": saved, "recipes": gr.update(choices=candidates.choices(saved))}


def resumed(tab_session: Session | None, session: Session | None) -> Updates:
    """The tab when it is chosen: on a page that was loaded again, what was there before."""
    before = tab_recordings.continued(TAB.name, tab_session, session)
    if before is None:
        return {}
    updates = tab_recordings.again(before, buttons)
    if before.editor is not None:
        updates["recipes"] = gr.update(value=before.editor)
    if before.reference is not None:
        updates["reference_note"] = reference.named("as before")
    return updates | (show(before.results[RESULT]) if RESULT in before.results else {})


def forecast(
    desk: Desk,
    tab_session: Session | None,
    session: Session | None,
    names: Any,
    files: Any,
    saved: Any,
) -> Updates:
    """How long the comparison will take, and what has to be downloaded first.

    What is chosen is kept for a reload.
    """
    if tab_session is not None:
        tab_session.editor = names
    if tab_session is None or tab_session.source is None or not (names or files):
        return {"status": ""}
    if tab_session.job is not None and not tab_session.job.ended:
        return {}
    try:
        wanted = candidates.collect(names, files, saved or {}, session, desk.stages)
        own = session or tab_session
        chains = {one.title: result.chain_of(one, own) for one in wanted}
        seconds = result.expected_s(tab_session.source.audio, list(chains.values()))
    except ValueError as error:
        return {"status": html.problem(plain_error(error))}
    text = f"Comparing the whole recording takes about {about(seconds)}."
    return {"status": html.note(" ".join([text, *_downloads(chains)]))}


def _downloads(chains: dict[str, Any]) -> Iterator[str]:
    for title, chain in chains.items():
        if not isinstance(chain, Chain):
            continue
        try:
            count = estimate.n_downloads(chain)
        except ValueError:  # of a separator that is not installed, which its run will say
            continue
        if count:
            files = "1 weights file" if count == 1 else f"{count} weights files"
            yield f"{title}: {files} of the separator will be downloaded first."


async def run(
    desk: Desk,
    whole: bool,
    tab_session: Session | None,
    session: Session | None,
    at_s: Any,
    names: Any,
    files: Any,
    saved: Any,
) -> AsyncIterator[Updates]:
    """Compares the candidates on the recording, or on ten seconds of it.

    Args:
        at_s: where the ten seconds begin.
        names, files: what the list and the field of files show.
        saved: the recipes that the browser keeps.
    """
    if tab_session is None or tab_session.source is None:
        yield {"status": tab_recordings.CHOOSE_FIRST}
        return
    try:
        wanted = candidates.collect(names, files, saved or {}, session, desk.stages)
    except ValueError as error:
        yield {"status": html.problem(plain_error(error))}
        return
    tab_session.editor = names
    start_s = None if whole else float(at_s or 0.0)
    folder, source, clean = (
        tab_session.new_folder(RESULT),
        tab_session.source,
        tab_session.reference,
    )
    own = session or tab_session
    job = Job(
        lambda job: result.compare(source, wanted, clean, start_s, own, folder, job),
        desk.host.heavy,
    )
    async for updates in _followed(tab_session, job):
        yield updates
    if tab_session.job is job:
        yield tab_recordings.finished(tab_session, RESULT, job, show, buttons)


async def pair(
    host: Host, tab_session: Session | None, first: Any, second: Any
) -> AsyncIterator[Updates]:
    """Shows the difference of any two versions, and their pictures."""
    shown = tab_session.results.get(RESULT) if tab_session else None
    if tab_session is None or shown is None or first is None or second is None:
        return
    job = Job(lambda job: result.pair(shown, int(first), int(second), job.tick), host.light)
    async for updates in _followed(tab_session, job):
        yield updates
    if tab_session.job is not job or tab_session.results.get(RESULT) is not shown:
        return
    try:
        yield {"player": job.result(), "status": "", **buttons(tab_session)}
    except Exception as error:
        yield {"status": tab_recordings.failure(error), **buttons(tab_session)}


async def _followed(tab_session: Session, job: Job) -> AsyncIterator[Updates]:
    """Starts a job as the tab's one, and shows its progress until it has ended."""
    tab_session.begin(job)
    yield {"status": html.running(job.progress()), **buttons(tab_session, running=True)}
    async for progress in watched(tab_session, job):
        yield {"status": progress}


def show(shown: Comparison) -> Updates:
    """The page with a result."""
    keyed = zip(KEYS, shown.sounds, strict=False)
    sounds = [(f"{key}  {one.label}", at) for at, (key, one) in enumerate(keyed)]
    chooser = {"choices": sounds, "interactive": True}
    recipes = usable(shown)
    first, second = shown.first_pair
    count = sum(one.candidate is not None and one.audio is not None for one in shown.versions)
    of = len(shown.versions) - 1
    extent = f"{count} of {of} versions" if count < of else f"{of} version{'s' if of > 1 else ''}"
    return {
        "welcome": gr.update(visible=False),
        "result": gr.update(visible=True),
        "title": restore_views.result_title(shown.name, f"{shown.title}, {extent}", ""),
        "pair": gr.update(visible=len(sounds) > 1),
        "first": gr.update(value=first, **chooser),
        "second": gr.update(value=second, **chooser),
        "player": shown.player,
        "measures": views.tables(shown),
        "which": gr.update(choices=recipes, value=recipes[0][1] if recipes else None),
        "send": gr.update(interactive=bool(recipes)),
        "delivery": "",
    }


def usable(shown: Comparison) -> list[tuple[str, int]]:
    """The versions whose recipe Restore can take, as (text, place)."""
    return [(one.title, at) for at, one in enumerate(shown.versions) if one.document is not None]
