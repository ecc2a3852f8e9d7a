"""MusicGen: as long as asked for, reproducible, reports each token, stops at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.audio.sound import Audio
from pipeline.generation import musicgen
from pipeline.generation.musicgen import Request, estimate_seconds, generate
from pipeline.generation.weights import GeneratorMissing
from pipeline.stage import Cancelled
from tests.support import musicgen as tiny
from tests.support.ticks import Recorder

ASKED = Request("a slow piano", seconds=1.0, seed=3)


@pytest.fixture(scope="module", autouse=True)
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("musicgen")
        tiny.install(folder, patch)
        yield folder
    musicgen._load.cache_clear()


def test_a_seed_gives_the_same_samples_and_leaves_other_draws_alone() -> None:
    before = torch.random.get_rng_state()
    first, again = generate(ASKED, device="cpu"), generate(ASKED, device="cpu")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(first.samples, again.samples)
    other = generate(Request("a slow piano", seconds=1.0, seed=4), device="cpu")
    assert not np.array_equal(first.samples, other.samples)


@pytest.mark.parametrize("seconds", [1.0, 1.23])
def test_the_music_is_as_long_as_asked_for_and_each_token_is_reported(seconds: float) -> None:
    tick = Recorder()
    music = generate(Request("drums", seconds=seconds), device="cpu", tick=tick)
    assert (music.rate, music.samples.shape) == (32_000, (1, round(seconds * 32_000)))
    tokens = int(np.ceil(seconds * 50)) + 3
    assert len(tick.fractions) == tokens + 3 and tick.rises_to_one()


def test_it_stops_at_the_token_at_which_it_is_asked_to() -> None:
    seen = []

    def tick(fraction: float, what: str = "") -> None:
        seen.append(fraction)
        if len(seen) == 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        generate(ASKED, device="cpu", tick=tick)
    assert len(seen) == 10


def test_only_the_melody_model_follows_a_melody() -> None:
    melody = Audio(np.sin(np.arange(2 * 44_100) / 20).astype(np.float32).reshape(2, -1), 44_100)
    with pytest.raises(ValueError, match="only 'melody' follows"):
        generate(ASKED, melody, "cpu")
    asked = Request("strings", "melody", seconds=1.0)
    with_melody, without = generate(asked, melody, "cpu"), generate(asked, None, "cpu")
    assert with_melody.frames == without.frames == 32_000
    assert not np.array_equal(with_melody.samples, without.samples)


def test_a_damaged_model_says_so(model: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WAVEMEND_MUSICGEN", str(tmp_path))
    with pytest.raises(GeneratorMissing, match="hf download facebook/musicgen-large"):
        generate(Request("a", "large"), device="cpu")


def test_settings_are_checked_and_longer_music_takes_longer() -> None:
    for settings in ({"prompt": " "}, {"prompt": "a" * 1001}, {"prompt": "a", "seconds": 31}):
        with pytest.raises(ValueError, match="got"):
            Request(**settings)
    short, long = (estimate_seconds(Request("a", "large", seconds=s), "cpu") for s in (2, 20))
    assert long == pytest.approx(10 * short) and short > 2 * 50 * 4 * 3e9 / 10e9
    assert musicgen.memory_gigabytes("small", "cpu") == pytest.approx(3.4)
