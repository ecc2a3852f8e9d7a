"""What happens in the Degrade tab: a recording is taken, from a file or from Restore."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from pipeline.audio.encode import save
from tests.support.handlers import ran
from tests.support.helpers import tone
from ui import tab_recordings
from ui.degrade import damage, events
from ui.restore.reload import move
from ui.session import Host, Limits, Session


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return Host.open(Limits())


@pytest.fixture
def session(host: Host) -> Session:
    return host.open_session("visitor")


def test_restore_s_recording_is_taken_for_a_clean_one(host, session) -> None:
    with pytest.raises(gr.Error, match="Choose a recording"):
        events.opening(session)
    assert ran(events.receive(host, None, session)) == {}
    path = session.folder / "voice.wav"
    save(tone(channels=2, seconds=0.2), path)
    session.source = SimpleNamespace(path=path)
    assert events.opening(session).selected == "degrade"
    state = ran(events.receive(host, None, session))
    own = state["tab_session"]
    assert own is not session and own.visitor == session.visitor
    assert own.source.name == "voice.wav" and "voice.wav" in state["facts"]
    assert state["degrade"]["interactive"] and session.source.path == path


def test_only_uploads_are_opened_and_nothing_runs_without_a_recording(
    host, session, tmp_path: Path
) -> None:
    save(tone(), tmp_path / "outside.wav")
    state = ran(events.choose(host, "file", None, session, str(tmp_path / "outside.wav")))
    assert state["tab_session"].source is None and not state["degrade"]["interactive"]
    state = ran(events.run(host, True, state["tab_session"], 0, "telephone", 0, {}))
    assert "Choose a recording" in state["status"]
    tab = replace(events.TAB, longest_s=0.5)
    (inside := session.folder / "long.wav").write_bytes((tmp_path / "outside.wav").read_bytes())
    state = ran(tab_recordings.choose(tab, host, "file", None, session, str(inside)))
    assert "wm-problem" in state["facts"] and state["tab_session"].source is None


def test_a_page_that_is_loaded_again_goes_on(host, session) -> None:
    save(tone(seconds=0.5), path := session.folder / "voice.wav")
    session.source = SimpleNamespace(path=path)
    own = ran(events.receive(host, None, session))["tab_session"]
    settings = ("telephone", 3, damage.opened("telephone", 3))
    assert ran(events.run(host, True, own, 0, *settings))["status"] == ""
    move(session, page := host.open_session("visitor"))
    state = events.resumed(None, page)
    assert state["tab_session"] is page.tab_sessions["degrade"] is not own and own.source is None
    assert (state["listed"], state["seed"], state["chain"]) == settings
    assert "voice.wav" in state["facts"] and state["degrade"]["interactive"]
    assert Path(state["player"].tracks[1].file.path).is_file()
    assert events.resumed(state["tab_session"], page) == {}, "the tab is chosen once more"
    page.close()
    assert not state["tab_session"].folder.exists()


def test_a_damage_that_was_chosen_but_never_run_comes_back(host, session) -> None:
    settings = ("telephone", 3, damage.opened("telephone", 3))
    kept = events.kept(host, None, session, *settings)["tab_session"]
    assert events.kept(host, None, session, *settings)["tab_session"] is kept
    move(session, page := host.open_session("visitor"))
    state = events.resumed(None, page)
    assert (state["listed"], state["seed"], state["chain"]) == settings
