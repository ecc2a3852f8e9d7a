"""Training of the content classifier: it learns, its scores are calibrated, groups stay apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.card import CLASSES
from pipeline.dsp.log_mel import BANDS, RATE
from training.data.clips import Clip
from training.experiments import content
from training.experiments.content_examples import Library, draw, split
from training.experiments.singing import ORDER, melody, respoken, sung
from training.experiments.synthetic_sounds import synthetic_voice


def clip(group: str, kind: str, seed: int = 0) -> Clip:
    voice = synthetic_voice(4 * RATE, RATE, np.random.default_rng(seed))
    return Clip(Path(f"{group}.wav"), voice, RATE / 2, group, kind)


def test_it_learns_what_can_be_told_apart(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "EPOCHS", 8)
    labels = np.arange(64) % len(CLASSES)
    spectra = [rng.standard_normal((BANDS, 40)) for _ in labels]
    for spectrum, label in zip(spectra, labels, strict=True):
        spectrum[16 * label : 16 * label + 16] += 1
    net = content.fit(spectra, labels)
    results = [
        (int(label), net.forward(content.torch.tensor(x[None]).float())[0].detach().numpy())
        for x, label in zip(spectra, labels, strict=True)
    ]
    assert min(content.accuracy(results).values()) > 0.9


def test_the_temperature_undoes_a_scale(rng: np.random.Generator) -> None:
    scores = 2 * rng.standard_normal((4000, len(CLASSES)))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = [int(rng.choice(len(CLASSES), p=row)) for row in chances]
    stretched = list(zip(truth, 2.5 * scores, strict=True))
    assert content.temperature(stretched) == pytest.approx(2.5, rel=0.15)


def test_a_group_is_on_one_side_and_what_validates_is_held_out() -> None:
    clips = [clip(f"speaker {number % 12}", "speech") for number in range(24)]
    train, held = split([*clips, clip("never", "validation_only_nc")])
    assert not {one.group for one in train} & {one.group for one in held}
    assert train and "never" in {one.group for one in held}


@pytest.mark.parametrize("name", CLASSES)
def test_an_example_depends_on_its_number_only(name: str) -> None:
    kinds = ("speech", "music", "stem_vocals", "noise", "stem_other")
    library = Library.of([clip(kind, kind, at) for at, kind in enumerate(kinds)])
    first, again = (draw(library, name, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again) and first.dtype == np.float32
    assert np.isfinite(first).all() and first.any()


def test_a_vocoded_voice_keeps_its_length_and_the_melody_its_range(
    rng: np.random.Generator,
) -> None:
    voice = clip("a", "speech").samples
    for made in (sung(voice, RATE, rng), respoken(voice, RATE, rng)):
        assert made.shape == voice.shape and np.isfinite(made).all() and made.std() > 0
    pitch_hz = melody(500, rng)
    assert len(pitch_hz) == 500 > ORDER and 90 < pitch_hz.min() < pitch_hz.max() < 1000
