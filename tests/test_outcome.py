"""From recording and recipe to what the page shows: complete, or nothing left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import recipe
from pipeline.audio import Audio
from pipeline.stage import Cancelled, Tick, knob, no_tick
from ui import outcome, source
from ui.jobs import Job, Line

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
        super().__init__(lambda job: None, Line())
        self.stages: list[str] = []
        self.stop_at = stop_at

    def report(self, stage: str, fraction: float) -> None:
        self.stages.append(stage)
        if stage == self.stop_at:
            self.stop()
        super().report(stage, fraction)
        assert 0 <= fraction <= 1


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> source.Source:
    monkeypatch.setitem(recipe.STAGES, "gain", f"{__name__}:Gain")
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", 0.2 * rng.standard_normal((12 * RATE, 2)), RATE, "FLOAT")
    return source.read(tmp_path / "a.wav", "a.wav", 60.0, no_tick)


def made_of(
    recording: source.Source, folder: Path, *gains: float, at_s: float | None = None, stop: str = ""
) -> tuple[outcome.Outcome, list[str]]:
    stages = [{"stage": "gain", "gain": gain} for gain in gains]
    folder.mkdir()
    job = Watched(stop)
    settings = {"version": 1, "stages": stages}
    return outcome.restore(recording, settings, at_s, folder, job), job.stages


def test_what_is_shown_and_handed_out_is_what_the_recipe_made(
    recording: source.Source, tmp_path: Path
) -> None:
    made, stages = made_of(recording, tmp_path / "out", 0.5)
    assert np.array_equal(made.restored.samples, recording.audio.samples * np.float32(0.5))
    assert [track.label for track in made.player.tracks] == ["Degraded", "Restored", "Difference"]
    assert list(dict.fromkeys(stages)) == ["Gain", "Measuring", "Drawing", "Preparing the player"]
    heard, _ = soundfile.read(outcome.export(made, "WAV 32-bit float"), dtype="float32")
    assert np.array_equal(heard.T, made.restored.samples)
    document = json.loads(outcome.export(made, outcome.RECIPE).read_text())
    assert recipe.load(document) == recipe.load(made.recipe)
    assert dict(made.recipe)["stages"] == [{"stage": "gain", "gain": 0.5}]


def test_each_step_is_there_to_hear_but_only_as_many_as_fit(
    recording: source.Source, tmp_path: Path
) -> None:
    made, _ = made_of(recording, tmp_path / "two", 0.5, 0.25, at_s=0.0)
    assert [track.label for track in made.player.tracks][3:] == ["After Gain"]
    made, _ = made_of(recording, tmp_path / "nine", *[0.9] * 9, at_s=0.0)
    assert len(made.player.tracks) == 8


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


def test_what_a_format_cannot_hold_is_refused_with_the_cure(
    recording: source.Source, tmp_path: Path
) -> None:
    made, _ = made_of(recording, tmp_path / "out", 1.5, at_s=0.0)
    loud = Audio(made.restored.samples * np.float32(9), RATE)
    made = outcome.Outcome(**{**vars(made), "restored": loud})
    with pytest.raises(ValueError, match="32-bit float"):
        outcome.export(made, "FLAC")
    assert soundfile.info(outcome.export(made, "WAV 32-bit float")).subtype == "FLOAT"
    with pytest.raises(ValueError, match="expected one of"):
        outcome.export(made, "AIFF")


def test_what_a_stage_lacks_shows_before_anyone_waits_for_it() -> None:
    lacking = recipe.load({"version": 1, "stages": [{"stage": "enhance", "checkpoint": "nowhere"}]})
    with pytest.raises(ValueError, match="nowhere"):
        outcome.warm_up(lacking)
