"""A run judged on held-out pieces; fine-tuning on recordings as they are, through a telephone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from torch import nn

from models.checkpoint import load_for_training, save_checkpoint
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import Telephone
from tests.support.sounds import tiny_checkpoint
from training.config import TrainingConfig
from training.data.clips import Clip
from training.data.examples import Examples, PairExamples
from training.evaluation.cases import cases_for
from training.evaluation.judge import held_out_cases, judge_run
from training.evaluation.validation import Validator
from training.experiments.five_minutes import fine_tune, summary
from training.runs.run_folder import STOP, RunConfig, RunFolder
from training.tasks import TASKS

RATE = 48_000
CONFIG = TrainingConfig(
    model="enhancer",
    damage="telephone",
    varied=False,
    seconds=0.2,
    batch=2,
    steps=60,
    warmup_steps=5,
    learning_rate=2e-3,
    ema=0.9,
    losses={"magnitude": 1.0, "mel": 1.0},
    validation_share=0.6,
    precision="no",
)


def breath(seconds: float, seed: int) -> np.ndarray:
    """(T,) noise that falls towards the treble, in syllables."""
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * RATE)) / RATE
    noise = np.convolve(rng.standard_normal(len(at)), [1.0, 0.6], "same")
    return (0.05 * noise * (1.2 + np.sin(2 * np.pi * 3 * at))).astype(np.float32)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    for number in range(5):
        sf.write(folder / f"{number}.flac", breath(7.0, number), RATE)
    return folder


def run_config(voices: Path, base: Path | None = None, **more: object) -> RunConfig:
    return RunConfig(
        training={**dataclasses.asdict(CONFIG), **more},
        data=(str(voices),),
        validation_groups=("1", "3"),
        base=str(base) if base else None,
    )


def test_examples_of_recordings_as_they_are_are_the_recording_and_its_telephone_call() -> None:
    clips = [Clip(Path("a"), breath(2.0, 0), RATE / 2, "a", "speech")]
    examples = Examples(clips, CONFIG, RATE, 100)
    for index in range(6):
        item = examples[index]
        clean = item["clean"].numpy()
        heard = Telephone()(Audio(clean, RATE)).samples
        assert np.abs(item["degraded"].numpy() - heard).max() < 2**-15
        found = np.correlate(clips[0].samples, clean[0], "valid")
        at = int(np.abs(found).argmax())
        piece = clips[0].samples[at : at + clean.shape[1]]
        gain = float(piece @ clean[0] / (piece @ piece))
        assert np.allclose(clean[0], gain * piece, atol=1e-6) and 0.5 <= abs(gain) <= 1.001


def test_pairs_are_learned_from_and_judged_as_they_are_at_the_same_place() -> None:
    clean = breath(4.0, 0)
    degraded = np.roll(clean, 1) * np.float32(0.5)
    clips = [Clip(Path("a"), clean, RATE / 2, "a", "speech", degraded)]
    examples = PairExamples(clips, CONFIG, RATE, 100)
    for index in range(6):
        item = examples[index]
        late, target = item["degraded"][0].numpy(), item["clean"][0].numpy()
        assert np.allclose(late[1:], 0.5 * target[:-1], atol=1e-6) and np.abs(target).max() > 0.02
    (case,) = cases_for(clips, TASKS["world"], RATE)
    assert np.allclose(case.degraded[1:], 0.5 * case.clean[:-1]) and len(case.clean) == 3 * RATE


def test_only_held_out_recordings_are_judged_on_and_not_on_their_middle(voices: Path) -> None:
    found = held_out_cases(run_config(voices), RATE)
    assert list(found) == ["1.flac", "3.flac"]
    for number, name in ((1, "1.flac"), (3, "3.flac")):
        sound = breath(7.0, number)
        for case, start_s in zip(found[name], (0, 5), strict=True):
            piece = sound[round(start_s * RATE) :][: round(1.5 * RATE)]
            assert np.abs(case.clean - piece).max() < 2**-14
    assert len(held_out_cases(run_config(voices, damage="world"), RATE)["1.flac"]) % 4 == 0


def test_a_net_like_its_base_is_no_different_and_stopping_gives_no_verdict(
    voices: Path, tmp_path: Path
) -> None:
    tiny_checkpoint(tmp_path / "base")
    run = RunFolder(tmp_path / "run")
    run.write_config(run_config(voices, tmp_path / "base"))
    with pytest.raises(ValueError, match="kept no weights"):
        judge_run(run.path)
    save_checkpoint(load_for_training(tmp_path / "base"), run.path / "best")
    assert judge_run(run.path, stop=lambda: True) is None
    assert not (run.path / "verdict.json").exists()
    verdict = judge_run(run.path)
    assert verdict.overall == "no difference" and verdict.change == 0
    written = json.loads((run.path / "verdict.json").read_text())
    assert [file["name"] for file in written["files"]] == ["1.flac", "3.flac"]


def test_an_evaluation_is_given_up_when_the_run_is_to_stop(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    clips = [Clip(Path("a"), breath(1.0, 0), RATE / 2, "a", "speech")]
    validator = Validator(clips, TASKS["telephone"], RATE, run)
    net = nn.Conv1d(1, 1, 1)
    assert len(validator.scores(net, "now")) == 1
    (tmp_path / STOP).touch()
    assert validator.scores(net, "now") == []


@pytest.mark.slow
def test_a_short_fine_tune_is_better_than_its_base_and_says_so(voices, tmp_path) -> None:
    torch.manual_seed(0)
    tiny_checkpoint(tmp_path / "base")
    run = RunFolder(tmp_path / "run")
    verdict = fine_tune(CONFIG, voices, tmp_path / "base", run)
    assert verdict.overall == "better" and verdict.high < 0, verdict
    assert verdict.now < 0.85 * verdict.base
    assert "done: 60 steps" in summary(run.path)[0]
    assert sorted(path.name for path in (run.path / "samples").iterdir()) == [
        "base", "index.json", "input", "now", "reference",
    ]  # fmt: skip
