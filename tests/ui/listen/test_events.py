"""The Listen tab's handlers take anything a browser may send, and the test outlives a reload."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import gradio as gr
import pytest

from pipeline.evaluation.listening import answers
from tests.support.helpers import tone
from ui.listen import events, item_events, result_events
from ui.restore import reload
from ui.sending import Version
from ui.session import Host, Limits, Session

FORM = ("abx", "a", "b", 2, False, "a", 0, 1, "ann", "7")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return Host.open(Limits())


@pytest.fixture
def session(host: Host) -> Session:
    session = host.open_session("visitor")
    session.listening = host.open_session("visitor")
    sound = tone(rate=16_000, seconds=0.5)
    session.listening.source = tuple(Version("song", name, sound) for name in "ab")
    return session


def begun(host: Host, session: Session, *form) -> dict:
    async def collect() -> dict:
        state: dict = {}
        async for updates in events.begin(host, session, *form):
            state |= updates
        return state

    return asyncio.run(collect())


def test_a_form_of_anything_is_a_plan_or_a_plain_error() -> None:
    wild = events.plan_of("poll", None, [], float("nan"), "yes", {}, -5, 1e9, None, "")
    assert (wild.test, wild.n_trials, wild.training) == ("abx", 16, False)
    assert (wild.stretch.start_s, wild.stretch.length_s) == (0, 60)
    assert wild.listener.startswith("listener ") and wild.listener != events.plan_of(*FORM).listener
    assert events.plan_of(*FORM).seed == 7
    for listener, seed in (("x" * 201, ""), ("a\nb", ""), ("ann", "-1"), ("ann", "²")):
        with pytest.raises(ValueError, match="listener|Seed"):
            events.plan_of(*FORM[:8], listener, seed)


def test_a_test_outlives_a_reload_and_a_new_recording_in_restore(host, session) -> None:
    state = begun(host, session, *FORM)
    assert state["booth"].number == 1 and state["items"] == "" and not state["form"]["visible"]
    events.answer(session, json.dumps({"number": 1, "answers": ["A"]}))
    session.forget()  # Restore opens another recording
    page = host.open_session("visitor")
    reload.move(session, page)
    assert session.listening is None
    state = events.resumed(page)
    assert state["booth"].number == 2
    assert all(Path(one.file.path).is_file() for one in state["booth"].stimuli)
    state = events.answer(page, json.dumps({"number": 2, "answers": ["B"]}))
    assert state["booth"] is None and "of 2" in state["results"]
    *_, state = result_events.download(page)
    rows = answers.read([state["download"]])
    assert [row.order for row in rows] == [1, 2] and {row.seed for row in rows} == {7}
    desk = page.listening
    page.close()
    assert not desk.folder.exists()


def test_ended_early_there_is_no_result_of_abx(host, session) -> None:
    begun(host, session, *FORM)
    events.answer(session, json.dumps({"number": 1, "answers": ["A"]}))
    assert events.end(session, "") == {}
    state = events.end(session, "end")
    assert "not finished" in state["results"] and "p =" not in state["results"]


def test_only_uploads_are_read_and_no_folder_where_visitors_are_strangers(
    host, session, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "song__c.wav").touch()
    state = item_events.add_files(host, session, [str(tmp_path / "song__c.wav"), None, 3])
    assert len(session.listening.source) == 2 and "song" in state["items"]
    assert "expected the path" in item_events.add_folder(host, session, "/none")["items_note"]
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    assert item_events.add_folder(host, session, str(tmp_path)) == {}
    with pytest.raises(gr.Error, match="no result yet"):
        item_events.send_restored(host, session)
    bad = tmp_path / "cache" / "<b>.csv"
    bad.write_text("a,b\n")
    assert "&lt;b&gt;.csv, line 1" in result_events.pool([str(bad)])["pool_note"]
    assert "There are no answers" in result_events.pool([str(tmp_path / "song__c.wav")])["results"]
