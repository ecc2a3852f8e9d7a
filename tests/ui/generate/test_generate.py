"""The Generate tab: what is missing is said with its cure; results are heard, saved and sent."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from pipeline import damages
from pipeline.audio.decode import load
from pipeline.generation import musicgen, weights
from tests.support import musicgen as tiny
from tests.support.handlers import ran
from ui.generate import events, result
from ui.jobs import Job
from ui.session import Host, Limits, Session

FORM = ("<b>a slow piano", "small", 1.0, 3.0, 1.0, 250, 5, None)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WAVEMEND_MUSICGEN", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return Host.open(Limits())


@pytest.fixture
def session(host: Host) -> Session:
    session = host.open_session("visitor")
    session.device = "cpu"
    return session


def test_what_is_missing_is_said_with_the_command_that_cures_it(session, monkeypatch) -> None:
    monkeypatch.setattr(weights, "has_library", lambda: False)
    state = events.planned(None, session, "small", 8)
    assert "pip install -r requirements-generate.txt" in state["plan"]
    assert not state["generate"]["visible"] and state["stand_in"]["visible"]
    assert not state["fetch"]["visible"]
    monkeypatch.setattr(weights, "has_library", lambda: True)
    state = events.planned(None, session, "melody", 8)
    assert "hf download facebook/musicgen-melody" in state["plan"] and state["fetch"]["visible"]
    assert state["melody"]["visible"]
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    state = events.planned(None, session, "../..", 8)
    assert "hf download" not in state["plan"] and not state["fetch"]["visible"]


def test_visitors_of_a_shared_server_download_nothing(host, session, monkeypatch) -> None:
    monkeypatch.setattr(weights, "fetch", lambda *_: pytest.fail("it was downloaded"))
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    assert ran(events.fetch(host, None, session, "small", 8)) == {}
    monkeypatch.delenv("WAVEMEND_SHARED")
    assert ran(events.fetch(host, None, session, "../x", 8)) == {}


def test_a_stand_in_is_the_damaged_example_and_says_so(host, session) -> None:
    state = ran(events.run_stand_in(host, None, session, "small", 7))
    new = state["tab_session"].results[events.RESULT]
    clean = load(result.EXAMPLE)
    assert np.array_equal(new.audio.samples, damages.drawn(7)(clean).samples)
    assert "Stand-in" in state["title"] and "MusicGen did not make it" in state["title"]
    assert np.array_equal(new.reference.samples, clean.samples)


def test_music_is_generated_heard_saved_and_sent(
    host, session, tmp_path: Path, monkeypatch
) -> None:
    tiny.install(tmp_path, monkeypatch)
    plan = events.planned(None, session, "small", 1.0)
    assert "3.4 GB of memory" in plan["plan"] and plan["generate"]["visible"]
    state = ran(events.run(host, None, session, *FORM))
    tab_session = state["tab_session"]
    new = tab_session.results[events.RESULT]
    assert new.audio.samples.shape == (1, 32_000) and state["player"].tracks[0].label == "Generated"
    assert "&lt;b&gt;a slow piano" in state["title"] and "seed 5" in state["title"]
    assert state["generate"]["visible"] and not state["stop"]["visible"]
    saved = [list(events.download(tab_session, name))[-1]["download"] for name in result.FILES]
    assert [path.name for path in saved] == [f"b a slow piano.{end}" for end in ENDINGS]
    assert json.loads(saved[2].read_text())["seed"] == 5
    assert events.send(tab_session, session).selected == "restore"
    assert session.parcel.recipe == "ai-generated-music"
    assert np.array_equal(load(session.parcel.path).samples, new.audio.samples)
    again = ran(events.run(host, tab_session, session, "", *FORM[1:]))
    assert "prompt: got none" in again["status"] and tab_session.results[events.RESULT] is new
    monkeypatch.setattr("ui.memory.free_bytes", lambda: 10**9)
    again = ran(events.run(host, tab_session, session, *FORM))
    assert "1.0 GB are free: choose a smaller model" in again["status"]
    musicgen._load.cache_clear()


ENDINGS = ("wav", "flac", "settings.json")


def test_the_tab_opened_again_keeps_the_stop_button_of_what_runs(host, session) -> None:
    def wait(job: Job) -> None:
        while True:
            job.check()

    job = session.begin(Job(wait, host.light))
    assert events.planned(session, session, "small", 8) == {}
    job.stop()
    assert job.wait(100) and events.planned(session, session, "small", 8)["plan"]


def test_nothing_is_sent_or_saved_before_there_is_music(host, session) -> None:
    with pytest.raises(gr.Error, match="no generated music"):
        events.send(None, session)
    assert "no result" in list(events.download(None, "WAV"))[-1]["delivery"]
