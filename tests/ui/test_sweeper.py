"""What calls and visitors have left goes when nobody can want it, and nothing else does."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import gradio as gr
import pytest

from ui.session import page_folder
from ui.sweeper import IDLE_S, KEPT_S, Sessions, SessionState, Sweeper, install


def call(page: Path, name: str, age_s: float) -> Path:
    folder = page / name
    folder.mkdir(parents=True)
    (folder / "out.wav").touch()
    os.utime(folder, (time.time() - age_s,) * 2)
    return folder


def test_old_results_go_and_new_ones_and_sessions_stay(tmp_path: Path) -> None:
    page, other = (page_folder(tmp_path, "anna", name) for name in ("a", "b"))
    old, new = call(page, "api-1", KEPT_S + 60), call(page, "api-2", KEPT_S - 60)
    last, session = call(other, "api-3", KEPT_S + 60), call(page, "result-4", 9 * KEPT_S)
    Sweeper(tmp_path).sweep()
    assert not old.exists() and not last.parent.exists()
    assert new.exists() and session.exists()


@pytest.fixture
def closed() -> list[str]:
    """The values of sessions that were closed."""
    return []


@pytest.fixture
def sessions(closed: list[str], monkeypatch: pytest.MonkeyPatch) -> Sessions:
    """The sessions of a page of which each visitor's value is its key in them."""
    monkeypatch.setattr("gradio.state_holder.SessionState", SessionState)
    with gr.Blocks() as page:
        state = gr.State(None, delete_callback=closed.append)
        gr.Textbox("a text")
    sessions = Sessions()
    sessions.set_blocks(page)
    sessions.capacity = 3
    for visitor in ("anna", "bert"):
        sessions[visitor][state._id] = visitor
    return sessions


def pass_time(sessions: Sessions, seconds: float) -> None:
    """As if nobody had called for so long."""
    for name, used in sessions.time_last_used.items():
        sessions.time_last_used[name] = used - timedelta(seconds=seconds)
    for state in sessions.session_data.values():
        for key, (live_s, made) in state._state_ttl.items():
            state._state_ttl[key] = live_s, made - timedelta(seconds=seconds)
    sessions.delete_all_expired_state()


def test_a_session_that_holds_nothing_is_forgotten(sessions: Sessions) -> None:
    program = sessions["a program"]
    assert not program.config_values and program.blocks_config.blocks
    pass_time(sessions, IDLE_S - 1)
    assert "a program" in sessions
    pass_time(sessions, 2)
    assert set(sessions.session_data) == set(sessions.time_last_used) == {"anna", "bert"}


def test_a_closed_page_is_forgotten_after_an_hour(sessions: Sessions, closed: list[str]) -> None:
    sessions["anna"].is_closed = True
    pass_time(sessions, 3599)
    assert "anna" in sessions and closed == []
    pass_time(sessions, 2)
    assert list(sessions.session_data) == ["bert"] and closed == ["anna"]


def test_the_session_that_makes_room_is_closed(sessions: Sessions, closed: list[str]) -> None:
    assert sessions["anna"] and sessions["c"] and sessions["d"]
    assert list(sessions.session_data) == ["anna", "c", "d"] and closed == ["bert"]


def test_gradio_keeps_its_sessions_here() -> None:
    install()
    assert isinstance(gr.routes.App().state_holder, Sessions)
