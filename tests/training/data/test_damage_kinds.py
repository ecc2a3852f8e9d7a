"""What a recipe's damage does to examples, and which validation cases belong to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.degradation import random_chain
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.degradation.random_chain import MUSIC_RATES, neural_damage
from tests.support.sounds import speech
from training.config import DAMAGES, Recipe
from training.data.clips import Clip
from training.data.examples import Examples
from training.evaluation.cases import Case, measure_coded
from training.evaluation.validation import HEARD, KINDS, cases_of, heard

RATE = 48_000


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [
        Clip(Path(f"{kind}.wav"), speech(1.5, seed=seed)[0], 24_000, kind, kind)
        for seed, kind in enumerate(("speech", "music", "stem_bass"))
    ]


def examples(clips: list[Clip], **settings: object) -> Examples:
    kinds = {"speech": 1.0, "music": 1.0, "stem_bass": 1.0}
    recipe = Recipe(seconds=0.5, losses={"mel": 1.0}, kinds=kinds, **settings)
    return Examples(clips, recipe, RATE, 50)


@pytest.mark.parametrize("kind", [name for name in DAMAGES if name != "generated"])
def test_every_damage_has_examples_and_cases(clips: list[Clip], kind: str) -> None:
    item = examples(clips, damage=kind)[0]
    assert item["degraded"].shape == item["clean"].shape == (1, RATE // 2)
    assert item["degraded"].isfinite().all()
    cases = cases_of(clips, kind, RATE)
    assert cases
    row = KINDS[kind][1](cases[0].degraded, cases[0], RATE)
    assert np.isfinite(row["score"])


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
    names = {case.name.partition("@")[0] for case in cases_of(clips, "music", RATE)}
    assert names == {"music", "stem_bass"}


def test_a_coded_voice_is_judged_at_each_bit_rate(clips: list[Clip]) -> None:
    cases = cases_of(clips[:1], "codec", RATE)
    rows = [measure_coded(case.clean, case, RATE) for case in cases]
    assert len(rows) == 3
    for row, kbps in zip(rows, ("1.5", "3", "6"), strict=True):
        assert row["lsd"] == row["mel_12k"] == 0
        assert row[f"lsd_12k_input@{kbps}kbps"] > 0.2 and row["mel_12k_input"] > 1


def test_neural_damage_is_between_one_and_a_half_and_six_kilobits() -> None:
    rng = np.random.default_rng(1)
    rates = {neural_damage(rng).kbps for _ in range(100)}
    assert min(rates) == 1.5 and max(rates) == 6


def test_different_recordings_and_damages_are_heard_first() -> None:
    silence = np.zeros(10, np.float32)
    cases = [Case(f"{name}@{at}", silence, silence, 0, 0) for name in "ab" for at in range(4)]
    assert [cases[index].name for index in heard(cases)] == ["a@0", "b@1", "a@1", "b@2"]
    assert len(heard(cases[:1])) == 1 and heard([]) == [] and HEARD == 4


def test_what_comes_in_is_not_changed(clips: list[Clip]) -> None:
    sound = Audio(clips[0].samples[None].copy(), RATE)
    before = sound.samples.copy()
    neural_damage(np.random.default_rng(0))(sound)
    assert np.array_equal(sound.samples, before)
