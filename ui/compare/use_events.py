"""What a visitor takes from a comparison: a zip file, a recipe for Restore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from pipeline import recipe
from ui import tab_recordings
from ui.compare import package
from ui.compare.events import RESULT, Desk, usable
from ui.restore import recipe_events
from ui.sending import Parcel
from ui.session import Session
from ui.wiring import Updates


def download(tab_session: Session | None) -> Iterator[Updates]:
    """Writes the zip file of the result."""
    return tab_recordings.download(tab_session, RESULT, "the zip file", package.zipped)


def to_restore(tab_session: Session | None, session: Session | None) -> Any:
    """Opens Restore; the recording goes along unless it is open there.

    Raises:
        gr.Error: there is no result.
    """
    if tab_session is None or session is None or tab_session.results.get(RESULT) is None:
        raise gr.Error("There is nothing compared yet.", print_exception=False)
    source = tab_session.source
    if session.source is None or session.source.path != source.path:
        session.parcel = Parcel(
            source.path, tab_session.reference, "as in Compare", name=source.name
        )
    return gr.Tabs(selected="restore")


def use(
    desk: Desk, tab_session: Session | None, session: Session | None, at: Any, value: Any
) -> tuple[Any, Any]:
    """Restore's recipe list and editor with the recipe of a version.

    Args:
        at: the place of the version, from the page's list.
        value: what Restore's editor shows.
    """
    shown = tab_session.results.get(RESULT) if tab_session else None
    if shown is None or not any(at == place for _, place in usable(shown)):
        return gr.skip(), gr.skip()
    version = shown.versions[at]
    document, name = version.document, recipe_events.OWN
    candidate = version.candidate
    if candidate is not None and candidate.name in recipe.named():
        document, name = candidate.document, candidate.name
    new = recipe_events.filled(value, document or {}, desk.stages)
    recipe_events.remember(session, name, new)
    return gr.update(value=name), new
