"""From recording and recipe to what the page shows: complete, or nothing left behind."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline import recipe
from pipeline.audio.sound import Audio
from pipeline.knobs import knob
from pipeline.stage import Cancelled, Tick, no_tick
from ui.jobs import Job, JobQueue
from ui.restore import downloads, estimate, result, result_player, source, steps
from ui.session import Session

RATE = 16_000


@dataclass(frozen=True)
class Gain:
    """A stage that changes the level; what comes of it is known exactly."""

    gain: float = knob(0.5, 0.0, 1.5)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        tick(1.0)
        return Audio(audio.samples * np.float32(self.gain), audio.rate)


class Watched(Job):
    """A job that notes its stages, and is stopped when it reaches one of them."""

    def __init__(self, stop_at: str = "") -> None:
        super().__init__(lambda job: None, JobQueue())
        self.stages: list[str] = []
        self.stop_at = stop_at

    def tick(self, fraction: float, what: str = "") -> None:
        self.stages.append(what)
        if what == self.stop_at:
            self.stop()
        super().tick(fraction, what)
        assert 0 <= fraction <= 1


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> source.Source:
    monkeypatch.setitem(recipe.STAGES, "gain", f"{__name__}:Gain")
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", 0.2 * rng.standard_normal((12 * RATE, 2)), RATE, "FLOAT")
    return source.read(tmp_path / "a.wav", "a.wav", 60.0, no_tick)


def made_of(
    recording: source.Source, folder: Path, *gains: float, at_s: float | None = None, stop: str = ""
) -> tuple[result.Result, list[str]]:
    return made_by(recording, folder, gain_entries(*gains), at_s=at_s, stop=stop)


def gain_entries(*gains: float) -> list[dict[str, Any]]:
    return [{"stage": "gain", "gain": gain} for gain in gains]


def made_by(
    recording: source.Source, folder: Path, stages: list[dict[str, Any]], *,
    at_s: float | None = None, stop: str = "",
) -> tuple[result.Result, list[str]]:  # fmt: skip
    folder.mkdir()
    job = Watched(stop)
    chain = steps.load_chain({"version": 1, "stages": stages}, Session(folder))
    return result.restore(recording, chain, at_s, folder, job), job.stages


def test_what_is_shown_and_handed_out_is_what_the_recipe_made(
    recording: source.Source, tmp_path: Path
) -> None:
    made, stages = made_of(recording, tmp_path / "out", 0.5)
    assert np.array_equal(made.restored.samples, recording.audio.samples * np.float32(0.5))
    assert [track.label for track in made.player.tracks] == ["Degraded", "Restored", "Difference"]
    assert list(dict.fromkeys(stages)) == ["Gain", "Measuring", "Drawing", "Preparing the player"]
    heard, _ = soundfile.read(downloads.export(made, "WAV 32-bit float"), dtype="float32")
    assert np.array_equal(heard.T, made.restored.samples)
    document = json.loads(downloads.export(made, downloads.RECIPE).read_text())
    assert recipe.load(document) == recipe.load(made.recipe)
    assert dict(made.recipe)["stages"] == [{"stage": "gain", "gain": 0.5}]


def test_each_step_is_there_to_hear_but_only_as_many_as_fit(
    recording: source.Source, tmp_path: Path
) -> None:
    made, _ = made_of(recording, tmp_path / "two", 0.5, 0.25, at_s=0.0)
    assert [track.label for track in made.player.tracks][3:] == ["1  Gain"]
    made, _ = made_of(recording, tmp_path / "nine", *[0.9] * 9, at_s=0.0)
    assert [track.label for track in made.player.tracks] == ["Degraded", "Restored", "Difference"]
    assert [name for name, _ in made.steps][1:-1] == [f"{n}  Gain" for n in range(1, 9)]


def test_any_two_steps_can_be_heard_and_drawn_and_are_made_once(
    recording: source.Source, tmp_path: Path
) -> None:
    made, _ = made_of(recording, tmp_path / "out", 0.5, 0.5, 0.5, at_s=0.0)
    job = Watched()
    pair = result.pair(made, 1, 2, job)
    assert {"Drawing", "Preparing the player"} == set(job.stages)
    assert [track.label for track in pair.tracks] == ["1  Gain", "2  Gain", "Difference"]
    assert {picture.view for picture in pair.pictures} >= {"Spectrogram", "Waveform"}
    first, second, changed = (soundfile.read(t.file.path)[0] for t in pair.tracks)
    assert np.allclose(first, made.steps[1][1].samples.T, atol=2e-7)
    assert np.allclose(second - first, changed, atol=4e-7)
    assert result.pair(made, 1, 2, Watched("Drawing")) is pair
    assert result.pair(made, 0, 3, Watched("Drawing")) is made.player
    with pytest.raises(Cancelled):
        result.pair(made, 2, 1, Watched("Drawing"))
    assert result.pair(made, 2, 1, Watched()).tracks[0].label == "2  Gain"
    with pytest.raises(ValueError, match="expected 0 to 3"):
        result.pair(made, 0, 4, Watched())


def test_stems_are_there_to_mix_and_in_a_zip_that_sums_to_the_result(
    recording: source.Source, tmp_path: Path
) -> None:
    entry = {
        "stage": "per_stem", "separator": "mid_side", "gains_db": {"side": -6.0},
        "stages": gain_entries(0.5),
    }  # fmt: skip
    made, _ = made_by(recording, tmp_path / "out", [entry, *gain_entries(1.0)])
    assert [(t.label, t.gain_db) for t in made.mixer.tracks] == [("Mid", 0.0), ("Side", -6.0)]
    assert made.mixer.muted == [False, False]
    path = downloads.export(made, downloads.STEMS)
    assert path.name == "a stems.zip" and not list(path.parent.glob("*.part"))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["a stems/mid.wav", "a stems/side.wav"]
        stems = [soundfile.read(io.BytesIO(archive.read(name))) for name in archive.namelist()]
        assert soundfile.info(io.BytesIO(archive.read("a stems/mid.wav"))).subtype == "PCM_24"
    mixed = stems[0][0] + 10 ** (-6 / 20) * stems[1][0]
    assert np.allclose(mixed.T, made.restored.samples, atol=1e-6)
    assert downloads.export(made, downloads.STEMS) == path


def test_separating_alone_shows_the_stems_and_changes_nothing(
    recording: source.Source, tmp_path: Path
) -> None:
    made, _ = made_by(recording, tmp_path / "out", [{"stage": "per_stem", "separator": "mid_side"}])
    assert made.restored is recording.audio and set(made.stems) == {"mid", "side"}
    plain, _ = made_of(recording, tmp_path / "plain", 0.5)
    assert plain.mixer is None
    with pytest.raises(ValueError, match="expected one of"):
        downloads.export(plain, downloads.STEMS)


def test_steps_that_would_fill_the_disk_are_not_kept_and_the_page_says_so(
    recording: source.Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "KEPT_BYTES", 1e5)
    entry = {"stage": "per_stem", "separator": "mid_side", "gains_db": {"mid": None}}
    made, _ = made_by(recording, tmp_path / "out", [entry, *gain_entries(0.5)])
    assert [name for name, _ in made.steps] == ["Degraded", "Restored"]
    assert made.mixer is None and "preview" in made.note


def test_a_preview_is_the_same_ten_seconds_of_the_whole(
    recording: source.Source, tmp_path: Path
) -> None:
    whole, _ = made_of(recording, tmp_path / "whole", 0.5)
    part, _ = made_of(recording, tmp_path / "part", 0.5, at_s=1.5)
    start = round(1.5 * RATE)
    assert part.restored.frames == 10 * RATE
    assert np.array_equal(
        part.restored.samples, whole.restored.samples[:, start : start + 10 * RATE]
    )
    assert part.stem == "a preview"


@pytest.mark.parametrize("stage", ["Gain", "Measuring", "Drawing", "Preparing the player"])
def test_whenever_it_is_stopped_nothing_is_left(
    recording: source.Source, tmp_path: Path, stage: str
) -> None:
    with pytest.raises(Cancelled):
        made_of(recording, tmp_path / "out", 0.5, stop=stage)
    assert not (tmp_path / "out").exists()


def test_every_format_has_a_file_name_of_its_own(recording: source.Source, tmp_path: Path) -> None:
    made, _ = made_of(recording, tmp_path / "out", 0.5, at_s=0.0)
    depths = {"WAV 16-bit": "PCM_16", "WAV 24-bit": "PCM_24", "WAV 32-bit float": "FLOAT"}
    paths = {name: downloads.export(made, name) for name in depths}
    assert len({path.name for path in paths.values()}) == 3
    for name, subtype in depths.items():
        assert soundfile.info(paths[name]).subtype == subtype
        assert name.removeprefix("WAV ") in paths[name].name


def test_what_a_format_cannot_hold_is_refused_with_the_cure(
    recording: source.Source, tmp_path: Path
) -> None:
    made, _ = made_of(recording, tmp_path / "out", 1.5, at_s=0.0)
    loud = Audio(made.restored.samples * np.float32(9), RATE)
    made = result.Result(**{**vars(made), "restored": loud})
    with pytest.raises(ValueError, match="32-bit float"):
        downloads.export(made, "FLAC")
    assert soundfile.info(downloads.export(made, "WAV 32-bit float")).subtype == "FLOAT"
    with pytest.raises(ValueError, match="expected one of"):
        downloads.export(made, "AIFF")


def test_a_preview_gets_the_noise_print_of_the_whole_recording(
    recording: source.Source, tmp_path: Path
) -> None:
    stages = [{"stage": "denoise", "noise_from_s": 0.5, "noise_to_s": 1.5}]
    made, _ = made_by(recording, tmp_path / "out", stages, at_s=2.0)
    before, after = (np.square(one.samples).mean() for one in (made.steps[0][1], made.restored))
    assert after < 0.1 * before
    assert dict(made.recipe)["stages"][0]["noise_from_s"] == 0.5


def test_what_a_stage_lacks_shows_before_anyone_waits_for_it() -> None:
    lacking = recipe.load({"version": 1, "stages": [{"stage": "enhance", "checkpoint": "nowhere"}]})
    with pytest.raises(ValueError, match="nowhere"):
        estimate.warm_up(lacking)


def test_marks_move_with_the_stretch_that_is_shown() -> None:
    from pipeline.diagnosis.finding import Finding, Span

    clicks = Finding("clicks", 3.0, "", 1.0, "", True, (Span(1, 1.1), Span(5, 5.1), Span(9, 9.1)))
    band = Finding("bandwidth", 4000.0, "Hz", 1.0, "", True, (Span(0, 20, 4000.0),))
    unmarked = Finding("snr", 20.0, "dB", 1.0, "", True)
    first, second = result_player.marks((clicks, band, unmarked), 4.0, 5.05)
    assert first.spans == [pytest.approx((1, 1.1)), pytest.approx((5, 5.05))]
    assert (second.name, second.spans, second.edge_hz) == ("bandwidth", [], 4000.0)
    assert result_player.marks((clicks,), 12.0, 5.0) == []


def test_results_before_are_compared_with_those_after_them(
    recording: source.Source, tmp_path: Path
) -> None:
    history: list[result.Earlier] = []
    for name, gain, at_s in (("one", 0.5, 1.0), ("other", 0.4, 2.0), ("two", 0.25, 1.0)):
        last, _ = made_of(recording, tmp_path / name, gain, at_s=at_s)
        history = result.remember(history, last, name)
    assert [name for name, _ in last.sounds] == ["Degraded", "Restored", "one"]
    pair = result.pair(last, 2, 1, Watched())
    assert [track.label for track in pair.tracks] == ["one", "Restored", "Difference"]
    heard, _ = soundfile.read(pair.tracks[2].file.path, dtype="float32")
    assert np.allclose(
        heard.T, (0.25 - 0.5) * result.excerpt(recording.audio, 1.0, 10.0).samples, atol=1e-6
    )
    with pytest.raises(ValueError, match="0 to 2"):
        result.pair(last, 3, 1, Watched())
    many = history
    for _ in range(10):
        many = result.remember(many, last, "more")
    assert len(many) == result.MOST_EARLIER
