"""How much of the input's damage an output has: nothing, all of it, or a share."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.artefacts import artefacts
from tests.support.sounds import speech

RATE = 48_000


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return speech(2.0)[0] + 0.01 * np.random.default_rng(0).standard_normal(2 * RATE)


def wobble(clean: np.ndarray, share: float) -> np.ndarray:
    """The sound with a level that changes by `share` of up to 12 dB, five times a second."""
    time = np.arange(len(clean)) / RATE
    return clean * 10 ** (share * 12 * np.sin(2 * np.pi * 5 * time) / 20)


def test_the_input_keeps_all_of_it_and_the_clean_sound_nothing(clean) -> None:
    degraded = wobble(clean, 1.0)
    same = artefacts(degraded, degraded, clean, RATE, 12_000)
    assert same.kept == pytest.approx(1) and same.correlation == pytest.approx(1)
    perfect = artefacts(clean, degraded, clean, RATE, 12_000)
    assert perfect.kept == pytest.approx(0, abs=1e-9) and perfect.correlation == 0


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_share_of_the_damage_is_that_share(clean, share: float) -> None:
    made = artefacts(wobble(clean, share), wobble(clean, 1.0), clean, RATE, 12_000)
    assert made.kept == pytest.approx(share, abs=0.05)


def test_other_damage_and_silence_keep_nothing(clean) -> None:
    degraded = wobble(clean, 1.0)
    other = clean + 0.02 * np.random.default_rng(1).standard_normal(len(clean))
    assert abs(artefacts(other, degraded, clean, RATE, 12_000).kept) < 0.05
    silent = artefacts(0 * clean, degraded, clean, RATE, 12_000)
    assert silent.kept == pytest.approx(0, abs=1e-9) and abs(silent.correlation) > 0.1
    with pytest.raises(ValueError, match="high_hz: got 1"):
        artefacts(clean, degraded, clean, RATE, 1)
