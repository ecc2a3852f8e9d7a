"""Several recordings: each by itself, in its turn, with the command line's result, in one zip."""

from __future__ import annotations

import asyncio
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import recipe
from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.restoration import restore_file
from tests.support.handlers import ran
from tests.support.helpers import STAGES, tone
from ui.restore.events import Desk
from ui.restore.several import archive, batch, events
from ui.session import Host, Limits, Session

GAIN = {"stage": "gain", "gain": 0.5, "fails": ""}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setitem(recipe.STAGES, "gain", STAGES["gain"])
    return Desk(recipe.stage_classes(), Host.open(Limits()))


@pytest.fixture
def session(desk: Desk, tmp_path: Path) -> Session:
    """A visitor with three recordings, two of one name, and a file that is none."""
    files = []
    for at, name in enumerate(("x/Call.wav", "y/call.wav", "x/bad.wav", "x/b.flac")):
        files.append(tmp_path / name)
        files[-1].parent.mkdir(exist_ok=True)
        save(tone(8000, seconds=0.6 + at / 10), files[-1])
    files[2].write_text("not a sound")
    session = desk.host.open_session("visitor")
    ran(events.choose(desk, session, [str(file) for file in files], "own", value()))
    return session


def value(fails: str = "") -> dict[str, Any]:
    """The editor with one stage."""
    settings = {key: one for key, one in GAIN.items() if key != "stage"}
    return {"cards": [{"stage": "gain", "on": True, "settings": settings | {"fails": fails}}]}


def test_a_bad_file_is_a_row_and_the_others_are_as_the_command_line_makes_them(
    desk: Desk, session: Session, tmp_path: Path
) -> None:
    state = ran(events.restore(desk, session, events.ALL, value()))
    bad = session.several.items[2]
    assert "not a sound file" in bad.problem and "not a sound file" in state["several_rows"]
    path = archive.write(session.several, session, lambda fraction, what="": None)
    assert [one.name for one in session.several.folder.iterdir()] == [path.name]
    with zipfile.ZipFile(path) as zipped:
        assert zipped.namelist() == [
            "Call.wav", "Call.recipe.json", "call (2).wav", "call (2).recipe.json",
            "b.flac", "b.recipe.json", "report.html",
        ]  # fmt: skip
        assert json.loads(zipped.read("b.recipe.json"))["stages"] == [GAIN]
        assert b"not a sound file" in zipped.read("report.html")
        zipped.extractall(tmp_path / "zip")
    alone = restore_file(tmp_path / "y/call.wav", tmp_path / "o", {"version": 1, "stages": [GAIN]})
    assert (tmp_path / "zip/call (2).wav").read_bytes() == alone.path.read_bytes()


def test_what_is_restored_is_not_restored_again_and_further_files_join_it(
    desk: Desk, session: Session, tmp_path: Path
) -> None:
    ran(events.restore(desk, session, events.EACH, value()))
    first = session.several.items[0].outcome
    assert first.recipe == session.several.items[0].diagnosis.recipe
    state = ran(events.restore(desk, session, events.EACH, value()))
    assert "Every recording has been restored" in state["several_status"]
    save(tone(8000, seconds=1.0), tmp_path / "x/more.wav")
    files = [str(item.path) for item in session.several.items] + [str(tmp_path / "x/more.wav")]
    ran(events.choose(desk, session, files, "own", value()))
    assert session.several.items[0].outcome is first and len(session.several.items) == 5
    ran(events.restore(desk, session, events.ALL, value()))
    assert not first.done.path.exists()  # by another recipe now
    new = session.several.items[0].outcome.done.path
    np.testing.assert_allclose(load(new).samples, 0.5 * load(files[0]).samples, atol=2.0**-22)


def test_stop_stops_all_and_nothing_half_made_stays(desk: Desk, session: Session) -> None:
    before = set(session.folder.iterdir())

    async def stopped() -> dict[str, Any]:
        state: dict[str, Any] = {}
        async for updates in events.restore(desk, session, events.ALL, value()):
            session.stop()
            state |= updates
        return state

    state = asyncio.run(stopped())
    assert "Stopped." in state["several_status"] and session.several.running is None
    assert [item.outcome for item in session.several.items] == [None] * 4
    assert set(session.folder.iterdir()) == before


def test_a_failure_is_said_in_its_row_and_more_than_the_quota_is_not_written(
    desk: Desk, session: Session
) -> None:
    ran(events.restore(desk, session, events.ALL, value("break")))
    assert all(item.problem and item.outcome is None for item in session.several.items)
    with pytest.raises(ValueError, match="Nothing has been restored"):
        archive.write(session.several, session, lambda fraction, what="": None)
    ran(events.restore(desk, session, events.ALL, value()))
    session.limits = replace(session.limits, bytes_each=1000)
    with pytest.raises(ValueError, match="does not fit"):
        archive.write(session.several, session, lambda fraction, what="": None)
    assert list(session.several.folder.iterdir()) == []


def test_a_row_opens_its_player_and_closes_it(desk: Desk, session: Session) -> None:
    state = ran(events.open_row(desk, session, "3"))
    assert [track.label for track in state["several_player"].tracks] == ["Recording"]
    ran(events.restore(desk, session, events.ALL, value()))
    state = ran(events.open_row(desk, session, "0"))
    labels = [track.label for track in state["several_player"].tracks]
    assert labels == ["Degraded", "Restored", "Difference"]
    state = ran(events.open_row(desk, session, "0"))
    assert state["several_player"] is None and not list(session.folder.glob("listen-*"))
    for wrong in ("2", "9", "-1", "", None, "\u0662x", ["1"]):
        assert ran(events.open_row(desk, session, wrong)).get("several_player") is None


def test_names_are_unique_and_too_many_files_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / str(at) / "A.wav" for at in range(3)] + [tmp_path / "a (2).wav"]
    stems = [item.stem for item in batch.gathered(paths, tmp_path).items]
    assert stems == ["A", "A (2)", "A (3)", "a (2) (2)"]
    with pytest.raises(ValueError, match="at most 100"):
        batch.gathered([tmp_path / str(at) for at in range(101)], tmp_path)


def test_quiet_and_good_sound_is_handed_out_as_it_was(desk: Desk, tmp_path: Path) -> None:
    silence = save(Audio(np.zeros((1, 8000), np.float32), 8000), tmp_path / "silence.wav")
    item = batch.gathered([silence], tmp_path).items[0]
    session = desk.host.open_session("other")
    session.several = batch.Several([item], tmp_path)
    ran(events.restore(desk, session, events.EACH, value()))
    outcome = session.several.items[0].outcome
    assert outcome.recipe["stages"] == [] and not load(outcome.done.path).samples.any()
