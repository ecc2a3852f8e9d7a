"""What each task does to examples, and which validation cases belong to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation import random_chain
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.degradation.random_chain import MUSIC_RATES, neural_damage
from tests.support.sounds import speech
from training.config import TrainingConfig
from training.data.clips import Clip
from training.data.examples import Examples
from training.evaluation.cases import Case, cases_for
from training.evaluation.scores import mean_scores, score_codec
from training.evaluation.validation import N_SAMPLES, cases_to_hear
from training.tasks import TASKS

RATE = 48_000


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [
        Clip(Path(f"{kind}.wav"), speech(1.5, seed=seed)[0], 24_000, kind, kind)
        for seed, kind in enumerate(("speech", "music", "stem_bass"))
    ]


def examples(clips: list[Clip], **settings: object) -> Examples:
    kinds = {"speech": 1.0, "music": 1.0, "stem_bass": 1.0}
    config = TrainingConfig(seconds=0.5, losses={"mel": 1.0}, kinds=kinds, **settings)
    return TASKS[config.damage].examples(clips, config, RATE, 50)


@pytest.mark.parametrize("name", sorted(set(TASKS) - {"separation"}))  # of several sources
def test_every_task_has_examples_cases_and_scores(clips: list[Clip], name: str) -> None:
    item = examples(clips, damage=name)[0]
    assert item["degraded"].shape == item["clean"].shape == (1, RATE // 2)
    assert item["degraded"].isfinite().all()
    cases = cases_for(clips, TASKS[name], RATE)
    assert cases
    assert np.isfinite(TASKS[name].measure(cases[0].degraded, cases[0], RATE).score)


def test_no_damage_is_none(clips: list[Clip]) -> None:
    items = examples(clips, damage="none")
    for index in range(5):
        item = items[index]
        assert (item["degraded"] - item["clean"]).abs().max() <= 0.5 / 32_768


def test_a_share_of_examples_is_coded(clips: list[Clip], monkeypatch: pytest.MonkeyPatch) -> None:
    coded: list[NeuralCodec] = []
    monkeypatch.setattr(NeuralCodec, "__call__", lambda self, a: (coded.append(self), a)[1])
    items = examples(clips, coded=0.5)
    for index in range(40):
        items[index]
    assert 10 <= len(coded) <= 30
    assert all(1.5 <= codec.kbps <= 6 for codec in coded)


def test_music_is_cut_to_rates_of_music() -> None:
    rng = np.random.default_rng(0)
    limits = {
        stage.cutoff_hz
        for _ in range(200)
        for stage in random_chain.random_damage(rng, MUSIC_RATES).stages
        if isinstance(stage, random_chain.BandLimit) and stage.family == "resample"
    }
    assert {rate / 2 for rate in MUSIC_RATES} <= limits


def test_music_is_judged_on_music(clips: list[Clip]) -> None:
    recordings = {case.recording for case in cases_for(clips, TASKS["music"], RATE)}
    assert recordings == {"music", "stem_bass"}


def test_a_coded_voice_is_judged_at_each_bit_rate(clips: list[Clip]) -> None:
    cases = cases_for(clips[:1], TASKS["codec"], RATE)
    rows = [score_codec(case.clean, case, RATE) for case in cases]
    for row in rows:
        assert row.figures["lsd"] == row.figures["mel_12k"] == 0 < row.figures["mel_12k_input"] - 1
    by_label = mean_scores(rows).by_label
    assert list(by_label) == ["1.5 kbit/s", "3 kbit/s", "6 kbit/s"]
    inputs = [figures["lsd_12k_input"] for figures in by_label.values()]
    assert inputs == pytest.approx([row.figures["lsd_12k_input"] for row in rows], abs=1e-4)
    assert min(inputs) > 0.2


def test_neural_damage_is_between_one_and_a_half_and_six_kilobits() -> None:
    rng = np.random.default_rng(1)
    rates = {neural_damage(rng).kbps for _ in range(100)}
    assert min(rates) == 1.5 and max(rates) == 6


def test_different_recordings_and_damages_are_heard_first() -> None:
    silence = np.zeros(10, np.float32)
    cases = [Case(name, str(at), silence, silence, 0, 0) for name in "ab" for at in range(4)]
    chosen = [cases[index].recording + cases[index].label for index in cases_to_hear(cases)]
    assert chosen == ["a0", "b1", "a1", "b2"] and N_SAMPLES == 4
    assert len(cases_to_hear(cases[:1])) == 1 and cases_to_hear([]) == []


def test_what_comes_in_is_not_changed(clips: list[Clip]) -> None:
    sound = Audio(clips[0].samples[None].copy(), RATE)
    before = sound.samples.copy()
    neural_damage(np.random.default_rng(0))(sound)
    assert np.array_equal(sound.samples, before)
