"""Chances of speech, music, singing and other sound, from a small trained net.

It scores log-mel spectra. `python -m training experiment content` trained it, on sound clean and
damaged.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.card import CLASSES, SHIPPED
from pipeline import inference
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp.log_mel import RATE, log_mel

CHECKPOINT = "content-classifier"
QUIET_DB = 40.0  # sounds so far below the loudest one do not count


def class_chances(sounds: Sequence[np.ndarray], rate: int) -> dict[str, float]:
    """Probability of each of `models.card.CLASSES`, from the mean score of some sounds.

    Args:
        sounds: each (T,), T >= 1.
        rate: Hz.
    """
    energy = np.array([np.square(x, dtype=np.float64).mean() for x in sounds])
    loud = np.flatnonzero(energy >= energy.max() * 10 ** (-QUIET_DB / 10))
    spectra = [log_mel(resample(Audio(sounds[at][None], rate), RATE).samples[0]) for at in loud]
    scores = inference.mean_scores(_net(), spectra)
    chances = np.exp(scores - scores.max())
    return dict(zip(CLASSES, (chances / chances.sum()).tolist(), strict=True))


@functools.cache
def _net() -> Any:
    from models import checkpoint

    return checkpoint.load(SHIPPED / CHECKPOINT)
