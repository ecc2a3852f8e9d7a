"""A page that is reloaded gets its recording, settings and results back.

The browser's tab keeps a ticket: a random secret, valid once, that the server exchanges for the
session of the page before. The tab forgets it when it is closed; the server forgets it with the
session, an hour after the page is gone.
"""

from __future__ import annotations

import secrets
import threading
import weakref
from collections.abc import Callable
from typing import Any

import gradio as gr

from ui.restore import events, recipe_events, result_events
from ui.restore.several import events as several
from ui.restore.source import Source
from ui.session import Session, uploaded

MOVED = (
    "folder", "source", "results", "history", "shown", "editor", "reference", "several", "device",
    "precision", "listening",
)  # fmt: skip
Networks = Callable[[], dict[str, list[list[str]]]]


class Tickets:
    """The sessions that can be continued, by their tickets; they live as long as the session."""

    def __init__(self) -> None:
        self._sessions: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def issue(self, session: Session) -> str:
        """A new ticket for a session."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[ticket] = session
        return ticket

    def redeem(self, ticket: Any) -> Session | None:
        """The session of a ticket, which is used up; None for a wrong, used or expired one."""
        with self._lock:
            session = self._sessions.pop(ticket, None) if isinstance(ticket, str) else None
        return session if session is not None and session.folder.is_dir() else None


def resume(
    desk: events.Desk,
    tickets: Tickets,
    new_networks: Networks,
    session: Session | None,
    ticket: Any,
) -> dict[str, Any]:
    """Continues the session of the ticket on a new page; the old page gets an empty one.

    Args:
        new_networks: gives the networks that the page's list lacks, as in the editor's `own`.
    """
    if session is None:
        return {}
    previous = tickets.redeem(ticket)
    if previous is not None and previous is not session:
        move(previous, session)
    updates = {"ticket": tickets.issue(session), **shown(desk, session)}
    if new := new_networks():
        value = updates.get("chain")
        value = value if isinstance(value, dict) else recipe_events.first_value(desk.stages)
        updates["chain"] = {**value, "own": {**value.get("own", {}), **new}}
    return updates


def move(previous: Session, session: Session) -> None:
    """Exchanges the contents of two sessions, and of their tabs'; what runs in `previous` ends."""
    previous.stop()
    previous.job = None
    for name in MOVED:
        ours, theirs = getattr(session, name), getattr(previous, name)
        setattr(session, name, theirs)
        setattr(previous, name, ours)
    for tab, tab_session in previous.tab_sessions.items():
        session.tab_sessions[tab] = session.tab_sessions.get(tab) or session.beside()
        move(tab_session, session.tab_sessions[tab])


def shown(desk: events.Desk, session: Session) -> dict[str, Any]:
    """The page of a session: settings, recording, and the result that was shown last."""
    source, editor = session.source, session.editor
    updates: dict[str, Any] = {}
    if editor is not None:
        listed = recipe_events.choices(source)
        updates["recipe_list"] = gr.update(choices=listed, value=editor.name)
        updates["chain"] = editor.value
    if session.several is not None:
        files = [str(item.path) for item in session.several.items if uploaded(item.path)]
        return {**updates, "file": files, **several.shown(desk, session)}
    if source is None:
        return updates
    if editor is not None:
        updates["status"] = recipe_events.forecast(desk.stages, session, editor.name, editor.value)
    return {
        **updates,
        **_upload(source),
        **events.recording(source),
        **result_events.buttons(session),
        **result_events.show(desk.stages, session, session.shown),
    }


def _upload(source: Source) -> dict[str, Any]:
    """The recording in the part that it came from; an example came from none."""
    if uploaded(source.path) is None:
        return {}
    part = "file" if source.name == source.path.name else "microphone"
    return {part: [str(source.path)] if part == "file" else str(source.path)}
