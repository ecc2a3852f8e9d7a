"""DNSMOS through its package, or the way to get it."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from pipeline.audio.sound import Audio
from pipeline.evaluation.dnsmos import RATE, Opinion, dnsmos


@pytest.fixture
def given(monkeypatch) -> list[np.ndarray]:
    """What a predictor of known opinions is given."""
    sounds: list[np.ndarray] = []

    def run(x: np.ndarray, rate: int) -> dict[str, float]:
        assert rate == RATE and x.ndim == 1 and np.abs(x).max() <= 1
        sounds.append(x)
        return {"ovrl_mos": float(len(sounds)), "sig_mos": 3.0, "bak_mos": 4.0, "p808_mos": 1.0}

    package, module = types.ModuleType("speechmos"), types.ModuleType("speechmos.dnsmos")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "speechmos", package)
    monkeypatch.setitem(sys.modules, "speechmos.dnsmos", module)
    return sounds


def test_each_channel_is_heard_at_16_khz_below_full_scale_and_the_mean_is_told(given) -> None:
    loud = 3 * np.sin(np.arange(2 * 48_000) / 20, dtype=np.float32)
    assert dnsmos(Audio(np.stack((loud, loud)), 48_000)) == Opinion(1.5, 3.0, 4.0)
    assert [len(x) for x in given] == [2 * RATE] * 2


def test_a_moment_of_sound_is_refused(given) -> None:
    with pytest.raises(ValueError, match=r"got 0.50 s of sound, expected at least 1 s"):
        dnsmos(Audio(np.zeros((1, 8000), np.float32), RATE))
    assert given == []


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "speechmos", None)
    monkeypatch.setitem(sys.modules, "speechmos.dnsmos", None)
    with pytest.raises(ValueError, match="pip install speechmos onnxruntime"):
        dnsmos(Audio(np.zeros((1, 2 * RATE), np.float32), RATE))
