"""A degraded recording: the chain's own samples, downloads that hold them, a parcel to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import damages
from pipeline.audio.decode import load
from pipeline.audio.sound import Audio
from pipeline.stage import Cancelled
from tests.support.sounds import speech
from ui.degrade import events, result
from ui.jobs import Job, JobQueue
from ui.sending import exact
from ui.session import Limits, Session
from ui.tab_recordings import SOUND_SUFFIXES, Recording, recording

RATE = 16_000
CLEAN = Audio(np.repeat(speech(12.0, RATE), 2, axis=0), RATE)
SOURCE = Recording(Path("a.wav"), "<b>my voice.wav", CLEAN)
CHAIN = damages.seeded(damages.load("overdriven"), 1)


def degraded(folder: Path, at_s: float | None = None) -> result.Degraded:
    folder.mkdir()
    job = Job(lambda job: result.degrade(SOURCE, CHAIN, at_s, folder, job), JobQueue())
    return job.start().result()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> result.Degraded:
    return degraded(tmp_path_factory.mktemp("out") / "whole")


def test_the_result_is_the_chain_s_and_its_recipe_makes_it_again(whole) -> None:
    np.testing.assert_array_equal(whole.degraded.samples, CHAIN(CLEAN).samples)
    document = json.loads(result.export(whole, result.RECIPE).read_text())
    np.testing.assert_array_equal(damages.load(document)(CLEAN).samples, whole.degraded.samples)
    assert [track.label for track in whole.player.tracks] == ["Clean", "Degraded", "Difference"]
    assert "What the damage did" in whole.table


def test_downloads_hold_the_sound_and_a_parcel_every_bit_of_it(whole) -> None:
    for name in SOUND_SUFFIXES:
        written = load(result.export(whole, name))
        assert (written.rate, written.samples.shape) == (RATE, CLEAN.samples.shape)
        np.testing.assert_allclose(written.samples, whole.degraded.samples, atol=2**-23)
    assert exact(whole.degraded, whole.folder, whole.stem).name == "_b_my voice degraded.wav"
    np.testing.assert_array_equal(
        load(exact(whole.degraded, whole.folder, whole.stem)).samples, whole.degraded.samples
    )
    with pytest.raises(ValueError, match="got download 'x'"):
        result.export(whole, "x")


def test_an_excerpt_is_ten_seconds_from_where_it_was_asked(tmp_path: Path) -> None:
    part = degraded(tmp_path / "out", 1.5)
    assert part.title == "Excerpt from 1.5 s" and part.clean.seconds == 10
    np.testing.assert_array_equal(part.clean.samples, CLEAN.samples[:, 24_000 : 24_000 + 160_000])


def test_a_job_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    job = Job(lambda job: result.degrade(SOURCE, CHAIN, None, folder, job), JobQueue())
    job.stop()
    with pytest.raises(Cancelled):
        job.start().result()
    with pytest.raises(Cancelled):
        result.degrade(SOURCE, CHAIN, None, folder, job)
    assert not folder.exists()


def test_what_is_sent_is_the_sound_and_its_reference(whole, tmp_path: Path) -> None:
    tab_session, session = (
        Session.open(tmp_path, Limits(), "v"),
        Session.open(tmp_path, Limits(), "v"),
    )
    with pytest.raises(Exception, match="no degraded recording"):
        events.send(tab_session, session)
    tab_session.results[events.RESULT] = whole
    assert events.send(tab_session, session).selected == "restore"
    assert events.send(tab_session, session, "compare").selected == "compare"
    assert (
        session.parcel.path == exact(whole.degraded, whole.folder, whole.stem)
        and session.parcel.reference is CLEAN
    )


def test_a_name_is_text_on_the_page(whole) -> None:
    shown = events.show(whole)
    assert "&lt;b&gt;my voice.wav" in shown["title"] and "<b>my voice" not in shown["title"]
    assert "&lt;b&gt;my voice.wav" in recording(SOURCE)["facts"]
