"""What happens in the Compare tab: a recording is taken, candidates are run, limits hold."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from pipeline import recipe
from pipeline.audio.encode import save
from tests.support.handlers import ran
from tests.support.helpers import tone
from ui.compare import events, recording_events
from ui.session import Host, Limits, Session


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return Host.open(Limits())


@pytest.fixture
def session(host: Host) -> Session:
    return host.open_session("visitor")


def test_a_recording_comes_from_restore_with_its_reference_and_is_compared(host, session) -> None:
    with pytest.raises(gr.Error, match="Choose a recording"):
        recording_events.send(session)
    assert ran(recording_events.receive(host, None, session)) == {}
    sound = tone(channels=2, seconds=0.5)
    save(sound, path := session.folder / "voice.wav", subtype="FLOAT")
    session.source, session.reference = SimpleNamespace(path=path, name="Mine.wav"), sound
    assert recording_events.send(session).selected == "compare"
    state = ran(recording_events.receive(host, None, session))
    tab_session = state["tab_session"]
    assert session.parcel is None and tab_session is not session and tab_session.reference is sound
    assert "Mine.wav" in state["facts"] and "Reference" in state["reference_note"]
    assert state["compare"]["interactive"]

    desk = events.Desk(recipe.stage_classes(), host)
    wanted = (["old-recording"], [str(path)], {})
    assert "takes about" in events.forecast(desk, tab_session, session, *wanted)["status"]
    state = ran(events.run(desk, True, tab_session, session, 0, *wanted))
    assert state["status"] == "" and "Against the reference" in state["measures"]
    first = tab_session.results[events.RESULT]
    state = ran(events.pair(host, tab_session, 1, 2))
    assert state["player"].tracks[-1].label == "Difference C \u2212 B"
    ran(events.run(desk, False, tab_session, session, 0, *wanted))
    assert tab_session.results[events.RESULT] is not first and not first.folder.exists()


def test_nothing_runs_without_a_recording_or_over_the_limit(host, session) -> None:
    desk = events.Desk(recipe.stage_classes(), host)
    state = ran(events.run(desk, True, None, session, 0, ["restore"], [], {}))
    assert "Choose a recording" in state["status"]
    state = ran(recording_events.choose(host, "file", None, session, "/etc/hostname"))
    tab_session = state["tab_session"]
    assert tab_session.source is None and not state["compare"]["interactive"]
    save(tone(seconds=0.2), path := session.folder / "a.wav")
    ran(recording_events.choose(host, "file", tab_session, session, str(path)))
    state = ran(events.run(desk, True, tab_session, session, 0, [], [], {}))
    assert "expected one to 4" in state["status"]
    tab_session.limits = Limits(job_s=0.5)
    state = ran(events.run(desk, True, tab_session, session, 0, ["path-wavenet"], [], {}))
    assert "one job may take" in state["status"] and tab_session.results == {}


def test_a_new_list_leaves_what_is_chosen() -> None:
    desk = events.Desk(recipe.stage_classes(), None)
    state = events.listed(desk, "")
    assert "value" not in state["recipes"] and state["saved"] == {}
