"""Setup: what it says of cards and weights, settings for every network, and Reset."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from safetensors.torch import save_file

from models.checkpoint import SHIPPED, available
from models.registry import NETS, build
from pipeline.generation import weights as musicgen_weights
from pipeline.stage import Cancelled
from tests.support.sounds import tiny_cleaners
from ui.components import chain_form
from ui.jobs import Job, JobQueue
from ui.restore import steps
from ui.session import Host, Limits, Session
from ui.setup import events, machine, weights

MASK = {"base": 8, "groups": 4, "n_fft": 64, "hop": 16, "dilations": [1]}
RECIPE = {"version": 1, "stages": [{"stage": "mask_unet"}, {"stage": "denoise"}]}


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return Host.open(Limits())


@pytest.fixture
def session(host: Host) -> Session:
    return host.open_session("visitor")


def test_every_shipped_card_is_shown_with_licence_size_and_figures(session) -> None:
    rows, cards = weights.checkpoints(session), available([SHIPPED])
    for row, card in zip(rows, cards, strict=True):
        assert (row["name"], row["licence"]) == (card.name, card.licence)
        assert row["megabytes"].endswith(" MB") and row["content"] != "not stated"
        has_lsd = "lsd" in card.metrics.get("validation", {})
        assert any("LSD" in figure for figure in row["figures"]) == has_lsd
        assert row["kind"] not in NETS, "a title, not the program's own name"
    users = {row["name"]: row["kind"] for row in rows}
    assert users["voice-over-music-48k"] == users["voice-and-music-22k"] == "Separate into stems"
    assert users["denoiser-speech-48k"] == "Denoise speech"
    table = events.checkpoint_table(session)
    assert all(row["title"] in table for row in rows)


def test_device_and_precision_reach_the_stages_that_have_them(session) -> None:
    events.set_device(session, "cpu", "bfloat16")
    net, other = steps.load_chain(RECIPE, session).stages
    assert (net.device, net.precision) == ("cpu", "bfloat16")
    events.set_device(session, "auto", "")
    assert steps.load_chain(RECIPE, session).stages == (type(net)(own=net.own), other)
    assert events.set_device(session, "quantum", "") == {} and session.device == ""


def test_own_weights_of_any_kind_are_taken_and_selected(session, tmp_path: Path) -> None:
    net, path = build("mask_unet", MASK), tmp_path / "Mine.safetensors"
    save_file(net.state_dict(), path, {"config": json.dumps(asdict(net.config))})
    value, title = weights.adopt(session, path, "mask_unet", weights.SIZES[0], {})
    (card,) = [card for card in value["cards"] if card["on"]]
    assert (card["stage"], card["settings"]["checkpoint"]) == ("mask_unet", "my-mine")
    assert title == chain_form.title("mask_unet") and value["own"]["mask_unet"]
    assert "my-mine" in [row["name"] for row in weights.checkpoints(session)]
    with pytest.raises(ValueError, match="config: got"):
        weights.adopt(session, path, "wavenet", "small", {})
    with pytest.raises(ValueError, match="kind of network"):
        weights.adopt(session, path, "../x", "small", {})
    refused = events.adopt(session, "/etc/passwd", "wavenet", "small", {})
    assert "did not arrive" in refused[1]


def test_weights_of_others_say_what_is_missing(session, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WAVEMEND_DEMUCS", str(tmp_path))
    known = {one.name: one for one in weights.of_others()}
    assert len(known["htdemucs"].files) == 1 and len(known["htdemucs_ft"].files) == 4
    (tmp_path / "955717e8-8726e21a.th").touch()
    assert weights.of_others()[0].files == []
    updates = events.others()
    assert "on this machine" in updates["others"] and str(tmp_path) in updates["others"]
    assert "SHA-256 8726e21a" in updates["others"]
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    assert str(tmp_path) not in events.others()["others"]
    with pytest.raises(ValueError, match="Choose a model"):
        weights.download("mid_side", Job(print, JobQueue()))


def test_musicgen_is_downloaded_by_the_owner_of_the_machine_only(monkeypatch) -> None:
    fetched = []
    monkeypatch.setattr(musicgen_weights, "has_library", lambda: True)
    monkeypatch.setattr(musicgen_weights, "folder", lambda name: None)
    monkeypatch.setattr(musicgen_weights, "fetch", lambda name, tick: fetched.append(name))
    updates = events.others()
    assert "7 files to download, 2.4 GB" in updates["others"]
    assert ("MusicGen large", "musicgen-large") in updates["wanted"]["choices"]
    job = Job(print, JobQueue())
    weights.download("musicgen-large", job)
    monkeypatch.setenv("WAVEMEND_SHARED", "1")
    assert all("musicgen" not in name for _, name in events.others()["wanted"]["choices"])
    with pytest.raises(ValueError, match="Choose a model"):
        weights.download("musicgen-large", job)
    assert fetched == ["large"]


def test_the_machine_is_tested_with_every_network(session, tmp_path: Path, monkeypatch) -> None:
    tiny_cleaners(tmp_path / "tiny")
    monkeypatch.setattr(machine, "SHIPPED", tmp_path / "tiny")
    monkeypatch.setenv("WAVEMEND_CHECKPOINTS", str(tmp_path / "tiny"))
    monkeypatch.setattr(machine, "TEST_S", 0.02)
    job = Job(lambda job: machine.measure_speed(session, job), JobQueue())
    speeds = job.start().result()
    titles = {card.title for card in available([tmp_path / "tiny"])}
    assert {one.title for one in speeds} == titles and "Tiny mask" in titles
    assert all(one.times > 0 for one in speeds) and "Tiny mask" in events._speed_table(speeds)
    job.stop()
    with pytest.raises(Cancelled):
        machine.measure_speed(session, job)


def test_reset_deletes_this_page_s_files_and_nobody_else_s(host, session, tmp_path: Path) -> None:
    tab_session, other = host.open_session("visitor"), host.open_session("other")
    for one in (session, tab_session, other):
        (one.networks / "mine").mkdir(parents=True)
        (one.new_folder("whole") / "result.wav").touch()
        one.device, one.reference = "cpu", object()
    session.tab_sessions["degrade"] = tab_session
    assert events.reset(False, None, session) is False and session.device == "cpu"
    session.listening = desk = host.open_session("visitor")
    work = session.begin(Job(lambda job: job.wait_for_ever(), JobQueue()))
    assert events.reset(True, None, session) is True
    assert work.stopped and session.listening is None and not desk.folder.exists()
    for one in (session, tab_session):
        assert list(one.folder.iterdir()) == [] and (one.device, one.reference) == ("", None)
    assert len(list(other.folder.rglob("*"))) == 4


def test_the_tab_is_filled_when_it_is_opened(session) -> None:
    first, second = events.opened(session)
    assert "Speech, 48 kHz" in first["checkpoints"]
    names = [name for _, name in second["device"]["choices"]]
    assert names[:2] == ["auto", "cpu"] and second["device"]["value"] == "auto"
    assert "CPU core" in second["facts"] and "GiB free" in second["facts"]


def test_a_download_that_fails_says_what_to_do(host, session, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WAVEMEND_DEMUCS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    async def collect() -> dict:
        state: dict = {}
        async for updates in events.download(host, session, "htdemucs"):
            state |= updates
        return state

    state = asyncio.run(collect())
    assert "could not be downloaded" in state["downloaded"]
    assert state["stop"]["visible"] is False
