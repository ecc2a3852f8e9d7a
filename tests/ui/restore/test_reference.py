"""A clean reference: refused where it does not fit, measured on what is shown, sent along."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline import recipe
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.evaluation.compare import compare
from tests.support.handlers import ran
from tests.support.sounds import speech
from ui.restore import downloads, reference, result_events
from ui.restore.events import Desk
from ui.restore.result import Result
from ui.sending import Parcel
from ui.session import Host, Limits, Session

RATE = 16_000
CLEAN = Audio(speech(12.0, RATE), RATE)
NOISY = Audio(CLEAN.samples + 0.01 * np.random.default_rng(0).standard_normal(CLEAN.samples.shape)
              .astype(np.float32), RATE)  # fmt: skip


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Host.open(Limits())


@pytest.fixture
def session(host: Host) -> Session:
    session = host.open_session("visitor")
    session.source = SimpleNamespace(audio=NOISY)
    return session


def result(folder: Path, start_s: float, seconds: float) -> Result:
    part = slice(round(start_s * RATE), round((start_s + seconds) * RATE))
    sounds = [Audio(one.samples[:, part], RATE) for one in (NOISY, CLEAN)]
    steps = [("Degraded", sounds[0]), ("Restored", sounds[1])]
    return Result(
        "", "", {"version": 1, "stages": []}, folder, sounds[1], None, [], steps, start_s=start_s
    )


@pytest.mark.parametrize(("start_s", "seconds"), [(0.0, 12.0), (1.5, 10.0)])
def test_what_is_shown_is_measured_against_its_part_of_the_reference(
    host, session, start_s, seconds
) -> None:
    session.results["x"], session.shown = result(session.folder, start_s, seconds), "x"
    assert ran(reference.measured(host, session))["scores"] == ""
    session.reference = CLEAN
    table = ran(reference.measured(host, session))["scores"]
    before = compare(session.results["x"].steps[0][1], session.results["x"].restored)
    assert f"<td>{before.snr_db:.1f}</td><td><b>equal</b></td>" in table
    assert f"<td>{before.lsd:.3f}</td><td><b>0.000</b></td>" in table


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (Audio(CLEAN.samples[:, : 4 * RATE], RATE), "4.00 s and 1 channels, expected 12.00 s"),
        (Audio(np.repeat(CLEAN.samples, 2, axis=0), RATE), "expected 12.00 s and 1"),
    ],
)
def test_a_reference_that_does_not_fit_is_refused(host, session, sound, message) -> None:
    save(sound, session.folder / "clean.wav")
    state = ran(reference.given(host, session, str(session.folder / "clean.wav")))
    assert message in state["reference_note"] and session.reference is None


def test_a_reference_belongs_to_one_recording(host, session) -> None:
    save(CLEAN, session.folder / "clean.wav", subtype="FLOAT")
    state = ran(reference.given(host, session, str(session.folder / "clean.wav")))
    assert "clean.wav" in state["reference_note"]
    np.testing.assert_array_equal(session.reference.samples, CLEAN.samples)
    session.forget()
    assert session.reference is None
    state = ran(reference.given(host, session, None))
    assert "Choose the recording first" in state["reference_note"]


def test_a_reference_that_was_sent_is_there_before_the_page_shows_the_recording(
    host, session
) -> None:
    path = save(NOISY, session.folder.parent / "sent.wav", subtype="FLOAT")
    session.parcel = Parcel(path, CLEAN, "clean.wav")
    desk = Desk(recipe.stage_classes(), host)

    async def known_when_shown() -> list[bool]:
        given = reference.open_parcel(desk, session, "", None)
        return [session.reference is CLEAN async for updates in given if updates.get("player")]

    assert asyncio.run(known_when_shown()) == [True]


def test_the_report_of_a_part_has_the_scores_of_that_part(session) -> None:
    about = {"diagnosis": SimpleNamespace(findings=()), "info": SimpleNamespace(notes=())}
    session.source = SimpleNamespace(audio=NOISY, name="<i>.wav", **about)
    session.results["x"], session.shown = result(session.folder, 1.5, 3.0), "x"
    session.reference = CLEAN
    *_, last = result_events.download(session, downloads.REPORT)
    page = last["download"].read_text("utf-8")
    steps = session.results["x"].steps
    before = compare(steps[0][1], steps[1][1])
    assert f"<td>{before.snr_db:.1f}</td><td><b>equal</b></td>" in page and "<i>.wav" not in page
