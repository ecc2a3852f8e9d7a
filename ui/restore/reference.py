"""A clean reference of the recording, given or sent along, and how near the result comes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.audio.decode import decode
from pipeline.audio.sound import Audio
from pipeline.stage import Cancelled
from ui.components import html, scores
from ui.jobs import Job
from ui.restore import events, recipe_events
from ui.restore.result import Result
from ui.restore.source import SLACK_S, matching
from ui.session import Host, Session, plain_error, uploaded
from ui.wiring import AGAIN, Parts, Updates, chosen, following

TITLE = "Distance from the reference"

PARTS = ("reference_note", "scored", "scores")


def field() -> dict[str, Any]:
    """Draws the field for the reference."""
    with gr.Accordion(
        "Clean reference", open=False, elem_id="wm-reference", elem_classes="wm-more"
    ) as box:
        text = "A clean take of the same recording, as long. The result is measured against it."
        gr.HTML(html.note(text), apply_default_css=False)
        file = gr.UploadButton("Upload the reference", file_types=["audio", "video"], size="md")
        note = gr.HTML("", apply_default_css=False)
        text = "This recording is clean itself? Damage it, and restore the copy."
        gr.HTML(html.note(text), apply_default_css=False)
        to_degrade = gr.Button("Send to Degrade", size="md", elem_id="wm-to-degrade")
    return {
        "reference_box": box, "reference": file, "reference_note": note, "to_degrade": to_degrade,
    }  # fmt: skip


def panel() -> dict[str, Any]:
    """Draws the place of the table."""
    with gr.Column(visible=False, elem_classes="wm-panel", elem_id="wm-scored") as scored:
        table = gr.HTML("", apply_default_css=False)
    return {"scored": scored, "scores": table}


def wire(host: Host, parts: Parts) -> None:
    """Connects field and table."""
    outputs = chosen(parts, PARTS)
    measure = following(partial(measured, host), parts)
    take = following(partial(given, host), parts)
    session, file = parts["session"], parts["reference"]
    file.upload(take, [session, file], outputs, **AGAIN).success(measure, session, outputs, **AGAIN)
    parts["player"].change(measure, session, outputs, **AGAIN)


async def given(host: Host, session: Session | None, path: Any) -> AsyncIterator[Updates]:
    """Takes an uploaded reference for the recording that is open."""
    file = uploaded(path)
    if session is None or session.source is None or file is None:
        yield {"reference_note": html.problem("Choose the recording first, then its reference.")}
        return
    source = session.source
    job = session.begin_beside(Job(partial(_read, file, source.audio), host.light))
    async for progress in job.follow():
        yield {"reference_note": html.running(progress)}
    try:
        audio = job.result()
    except Cancelled:
        return
    except Exception as error:
        yield {"reference_note": html.problem(plain_error(error))}
        return
    if session.source is source:
        session.reference = audio
        yield {"reference_note": named(file.name)}


def named(name: str) -> str:
    """What the field says once there is a reference."""
    return html.note(f"Reference: {name}")


async def open_parcel(
    desk: events.Desk, session: Session | None, name: str, value: Any
) -> AsyncIterator[Updates]:
    """Opens the sound that was sent, as if it had been uploaded.

    Args:
        name, value: what recipe list and editor show.
    """
    if session is None or session.parcel is None:
        yield {}
        return
    parcel, session.parcel = session.parcel, None
    is_open = False
    async for updates in events.choose(desk, "sent", session, parcel.path, name, value):
        is_open = session.source is not None and session.source.path == parcel.path
        if is_open:  # before the page can ask for what is measured against it
            session.reference = parcel.reference
        yield updates
    if not is_open:
        return
    if parcel.recipe:
        yield recipe_events.recommended(desk.stages, session, parcel.recipe, value)
    if parcel.reference is not None:
        note = named(parcel.reference_name)
        yield {"reference_note": note, "reference_box": gr.update(open=True)}


async def measured(host: Host, session: Session | None) -> AsyncIterator[Updates]:
    """Measures the result that is shown, and the recording, against the reference."""
    result = session.results.get(session.shown) if session else None
    if session is None or session.reference is None:
        yield {"scored": gr.update(visible=False), "scores": "", "reference_note": ""}
        return
    if not isinstance(result, Result):
        yield {"scored": gr.update(visible=False), "scores": ""}
        return
    job = session.begin_beside(Job(partial(scores_of, result, session.reference), host.light))
    yield {"scored": gr.update(visible=True), "scores": html.note("Measuring ...")}
    async for _ in job.follow():
        pass
    try:
        table = job.result()
    except Cancelled:
        return
    except Exception as error:
        table = html.problem(plain_error(error))
    if session.results.get(session.shown) is result:
        yield {"scores": table}


def scores_of(result: Result, reference: Audio, job: Job) -> str:
    """The table of the degraded and of the restored sound.

    Raises:
        AudioError: the reference has other channels or another length.
    """
    degraded = result.steps[0][1]
    reference = matching(reference, degraded, result.start_s)
    job.tick(0.0, "Measuring")
    sounds = {"Degraded": degraded, "Restored": result.restored}
    return scores.compared(TITLE, sounds, reference)


def _read(path: Path, recording: Audio, job: Job) -> Audio:
    audio, _ = decode(path, tick=job.tick, max_seconds=recording.seconds + 10)
    if abs(audio.seconds - recording.seconds) > SLACK_S or audio.channels != recording.channels:
        raise ValueError(
            f"{path.name}: {audio.seconds:.2f} s and {audio.channels} channels, expected "
            f"{recording.seconds:.2f} s and {recording.channels}, as the recording has; "
            "cut them alike"
        )
    return audio
