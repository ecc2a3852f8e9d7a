"""The recording of the Compare tab: opened from a file, an example or another tab."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import gradio as gr

from ui import tab_recordings
from ui.restore import reference
from ui.sending import Parcel
from ui.session import Host, Session
from ui.wiring import Updates


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
    host: Host, tab_session: Session | None, session: Session | None
) -> AsyncIterator[Updates]:
    """Opens the sound that another tab has sent, with its reference."""
    if session is None or session.parcel is None:
        yield {}
        return
    parcel, session.parcel = session.parcel, None
    async for updates in choose(host, "sent", tab_session, session, parcel.path, parcel.name):
        tab_session = updates.get("tab_session", tab_session)
        yield updates
    if tab_session is None or tab_session.source is None or tab_session.source.path != parcel.path:
        return
    tab_session.reference = parcel.reference
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


def buttons(tab_session: Session, *, running: bool = False) -> Updates:
    """Which of Preview, Compare and Stop can be pressed."""
    start = gr.update(
        interactive=tab_session.source is not None and not running, visible=not running
    )
    chooser = gr.update(interactive=not running)
    return {
        "preview": start, "compare": start, "stop": gr.update(visible=running),
        "first": chooser, "second": chooser,
    }  # fmt: skip


TAB = tab_recordings.RecordingTab("compare", math.inf, cleared, buttons)
choose = partial(tab_recordings.choose, TAB)
"""Reads a new recording; see `ui.tab_recordings.choose`."""
