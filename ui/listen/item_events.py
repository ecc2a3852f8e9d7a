"""The Listen tab's recordings: added from files, a folder or Restore, and removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ui.compare.events import RESULT
from ui.components import html
from ui.listen import items, views
from ui.session import Host, Session, is_shared, plain_error, uploaded
from ui.wiring import Updates


def add_files(host: Host, session: Session | None, paths: Any) -> Updates:
    """Adds uploaded files, which a table among them may pair."""
    files = [file for one in listed(paths) if (file := uploaded(one)) is not None]
    return {"file": None, **_added(host, session, lambda: items.from_files(files))}


def add_folder(host: Host, session: Session | None, folder: Any) -> Updates:
    """Adds the sounds of a folder; visitors of a shared server have none here."""
    if is_shared():
        return {}
    return _added(host, session, lambda: items.from_folder(str(folder or "")))


def add_restored(host: Host, session: Session | None) -> Updates:
    """Adds what Restore shows: recording, result, earlier results, reference."""
    return _added(host, session, lambda: items.from_restore(session))


def send_restored(host: Host, session: Session | None) -> Any:
    """Adds what Restore shows and opens the tab; raises `gr.Error` where there is no result."""
    return _sent(host, session, lambda: items.from_restore(session))


def send_compared(host: Host, tab_session: Session | None, session: Session | None) -> Any:
    """Adds the versions of Compare and opens the tab; raises `gr.Error` where there are none.

    Args:
        tab_session: the session of the Compare tab.
    """
    comparison = tab_session.results.get(RESULT) if tab_session else None
    return _sent(host, session, lambda: items.from_compare(comparison))


def clear(session: Session | None) -> Updates:
    """Removes all items."""
    if session is not None and session.listening is not None:
        session.listening.source = ()
    return shown_items(())


def forget(session: Session) -> None:
    """Ends the test and deletes its sounds, those that were uploaded too."""
    desk, session.listening = session.listening, None
    if desk is None:
        return
    for version in desk.source or ():
        if (upload := uploaded(version.sound)) is not None:
            upload.unlink(missing_ok=True)
    desk.close()


def shown_items(versions: items.Versions) -> Updates:
    """The items, and what of them can be chosen."""
    names = items.conditions_of(versions)
    first, second = [*names, None, None][:2]
    likely = items.likely_reference(versions)
    return {
        "items": views.items_table(versions),
        "items_note": "",
        "clear": gr.update(visible=bool(versions)),
        "begin": gr.update(interactive=bool(versions)),
        "first": gr.update(choices=names, value=first),
        "second": gr.update(choices=names, value=second),
        "reference": gr.update(choices=names, value=likely),
    }


def _added(host: Host, session: Session | None, read: Callable[[], items.Versions]) -> Updates:
    if session is None:
        return {}
    try:
        return shown_items(_add(host, session, read))
    except (ValueError, OSError) as error:
        return {"items_note": html.problem(plain_error(error))}


def _sent(host: Host, session: Session | None, read: Callable[[], items.Versions]) -> Any:
    if session is None:
        return gr.skip()
    try:
        _add(host, session, read)
    except ValueError as error:
        raise gr.Error(plain_error(error), print_exception=False) from error
    return gr.Tabs(selected="listen")


def _add(host: Host, session: Session, read: Callable[[], items.Versions]) -> items.Versions:
    session.listening = session.listening or host.open_session(session.visitor)
    desk = session.listening
    versions = items.merged(desk.source or (), read())
    items.check_size(versions, host.limits.bytes_each)
    desk.source = versions
    return versions


def listed(paths: Any) -> list[Any]:
    """What an upload of several files sends, which may be one."""
    return paths if isinstance(paths, list) else [paths]
