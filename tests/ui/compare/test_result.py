"""A comparison: every version is the recipe's own samples, measured; what fails is a row."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from pipeline import recipe
from pipeline.audio.decode import load
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.stage import Cancelled
from tests.support.sounds import speech
from ui.compare import events, package, result, use_events, views
from ui.compare.candidates import Candidate
from ui.jobs import Job, JobQueue
from ui.restore import recipe_events
from ui.session import Limits, Session
from ui.tab_recordings import Recording

RATE = 16_000
CLEAN = Audio(np.repeat(speech(12.0, RATE), 2, axis=0), RATE)
BEFORE = Audio(0.5 * CLEAN.samples, RATE)
SOURCE = Recording(Path("a.wav"), "<b>my voice.wav", BEFORE)
TONE = {"version": 1, "stages": [{"stage": "tone", "tilt_db": 3.0}]}
LACKING = {"version": 1, "stages": [{"stage": "enhance", "checkpoint": "no-such-one"}]}


def compared(session: Session, candidates: list[Candidate], at_s: float | None = None, **also):
    folder = session.new_folder("compared")
    clean = also.get("clean", CLEAN)
    job = Job(
        lambda job: result.compare(SOURCE, candidates, clean, at_s, session, folder, job),
        JobQueue(),
    )
    return job.start().result()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session.open(tmp_path_factory.mktemp("host"), Limits(), "visitor")


@pytest.fixture(scope="module")
def shown(session: Session) -> result.Comparison:
    short = session.folder / "elsewhere.wav"
    save(Audio(CLEAN.samples[:1, :-RATE], RATE), short, subtype="FLOAT")
    return compared(
        session,
        [
            Candidate("tone", "=Tone", TONE), Candidate("enhance", "Lacking", LACKING),
            Candidate("", "elsewhere.wav", path=short),
        ],
    )  # fmt: skip


def test_every_version_is_what_its_recipe_or_file_gives_and_a_failure_is_a_row(shown) -> None:
    before, tone, lacking, file = shown.versions
    np.testing.assert_array_equal(tone.audio.samples, recipe.load(TONE)(BEFORE).samples)
    np.testing.assert_array_equal(recipe.load(tone.document)(BEFORE).samples, tone.audio.samples)
    assert lacking.audio is None and "no-such-one" in lacking.problem
    assert file.note == "Mono: the same in all 2 channels. 1 s of silence added at the end."
    np.testing.assert_array_equal(file.audio.samples[:, :-RATE], CLEAN.samples[:, :-RATE])
    assert file.audio.samples.shape == BEFORE.samples.shape
    assert not file.audio.samples[:, -RATE:].any()
    labels = [track.label for track in shown.player.tracks]
    assert labels == ["Input", "=Tone", "elsewhere.wav", "Reference", "Difference B \u2212 A"]
    assert before.measures.scores.snr_db == pytest.approx(20 * np.log10(2), abs=0.01)
    assert before.measures.scores.si_sdr_db == np.inf and before.measures.change_db is None
    assert tone.measures.times_real_time == pytest.approx(12 / tone.seconds_taken)


def test_spectrograms_of_all_share_one_scale_and_any_two_have_a_difference(shown) -> None:
    player = result.pair(shown, 2, 3, lambda *_: None)
    maps = [one for one in player.pictures if one.view == "Spectrogram"]
    assert len(maps) == 4 and len({str(one.about["scale"]) for one in maps}) == 1
    assert [one.view for one in player.pictures[4:]] == [
        "Change", "Waveform", "Waveform", "Average spectrum",
    ]  # fmt: skip
    assert [len(one.about["key"]) for one in player.pictures[-1:]] == [4]
    first = shown.player.tracks
    assert player.tracks[:4] == first[:4] and player.tracks[4].label == "Difference D \u2212 C"
    heard = load(player.tracks[4].file.path).samples
    np.testing.assert_allclose(heard, CLEAN.samples - shown.versions[3].audio.samples, atol=2**-22)
    with pytest.raises(ValueError, match="got 0 and 4"):
        result.pair(shown, 0, 4, lambda *_: None)


def test_the_tables_name_the_best_and_what_could_not_be_run(shown) -> None:
    html = views.tables(shown)
    assert "Against the reference" in html and "Of the sound itself" in html
    assert html.count("Could not be run") == 1 and "no-such-one" in html
    assert "<td><b>equal</b></td>" in html  # the input's SI-SDR: it differs by its level only
    updates = events.show(shown)
    assert "&lt;b&gt;my voice.wav" in updates["title"] and "2 of 3 versions" in updates["title"]
    assert updates["which"]["choices"] == [("=Tone", 1)]


def test_an_excerpt_is_cut_from_recording_file_and_reference_alike(session) -> None:
    path = session.folder / "finished.wav"
    save(CLEAN, path, subtype="FLOAT")
    part = compared(session, [Candidate("", "finished.wav", path=path)], 1.5)
    assert part.title == "Excerpt from 1.5 s" and part.stem.endswith("excerpt")
    stretch = CLEAN.samples[:, 24_000 : 24_000 + 160_000]
    np.testing.assert_array_equal(part.versions[1].audio.samples, stretch)
    np.testing.assert_array_equal(part.reference.samples, stretch)
    assert part.versions[1].measures.scores.snr_db == np.inf


def test_the_zip_holds_sounds_recipes_and_the_table(shown) -> None:
    with zipfile.ZipFile(package.zipped(shown)) as archive:
        names = [name.split("/", 1)[1] for name in archive.namelist()]
        assert names == [
            "1 Input.wav", "2 _Tone.wav", "3 elsewhere.wav", "4 Reference.wav",
            "measurements.csv", "2 _Tone.recipe.json",
        ]  # fmt: skip
        root = archive.namelist()[0].split("/")[0]
        table = archive.read(f"{root}/measurements.csv").decode()
        document = json.loads(archive.read(f"{root}/2 _Tone.recipe.json"))
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["version"] for row in rows] == ["Input", "'=Tone", "Lacking", "elsewhere.wav"]
    assert float(rows[0]["snr_db"]) == pytest.approx(6.02, abs=0.01)
    assert rows[2]["snr_db"] == "" and "no-such-one" in rows[2]["problem"]
    assert document["stages"][0]["tilt_db"] == 3.0


def test_a_version_s_recipe_and_its_recording_go_to_restore(shown, session) -> None:
    desk = events.Desk(recipe.stage_classes(), None)
    tab_session, visitor = Session(session.folder), Session(session.folder)
    with pytest.raises(gr.Error, match="nothing compared"):
        use_events.to_restore(tab_session, visitor)
    tab_session.source, tab_session.reference, tab_session.results[events.RESULT] = (
        SOURCE,
        CLEAN,
        shown,
    )
    assert use_events.to_restore(tab_session, visitor).selected == "restore"
    assert (visitor.parcel.path, visitor.parcel.reference) == (SOURCE.path, CLEAN)
    listed, value = use_events.use(desk, tab_session, visitor, 1, {})
    assert listed["value"] == recipe_events.OWN
    assert (
        recipe_events.document(desk.stages, value)["stages"] == shown.versions[1].document["stages"]
    )
    assert use_events.use(desk, tab_session, visitor, 2, {}) == (gr.skip(), gr.skip())
    visitor.source, visitor.parcel = SOURCE, None
    use_events.to_restore(tab_session, visitor)
    assert visitor.parcel is None  # it is open there already


def test_a_job_that_is_stopped_leaves_nothing_behind(session) -> None:
    folder = session.new_folder("stopped")
    job = Job(lambda job: None, JobQueue())
    job.stop()
    with pytest.raises(Cancelled):
        result.compare(SOURCE, [Candidate("t", "T", TONE)], None, None, session, folder, job)
    assert not folder.exists()
