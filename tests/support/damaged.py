"""For every stage, a sound that makes it work."""

from __future__ import annotations

import functools

import numpy as np

from pipeline.audio.sound import Audio
from tests.support.clicks import clicks
from tests.support.grids import rounded
from tests.support.sounds import speech, windowed_sinc

SECONDS = 4.0
RATE = 16_000


@functools.cache
def damaged(stage: str, channels: int) -> Audio:
    """Speech, each channel another voice, with the damage that a stage repairs."""
    rows = [_damaged(stage, speech(SECONDS, RATE, seed)[0], seed) for seed in range(channels)]
    return Audio(np.stack(rows).astype(np.float32), RATE)


def _damaged(stage: str, voice: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(voice.size) / RATE
    if stage == "remove_hum":
        hum = sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in range(1, 9))
        rumble = windowed_sinc(rng.standard_normal((1, t.size)), 15, RATE)[0]
        return 0.5 * voice + 0.02 * hum + 2 * rumble + 0.01
    if stage == "declick":
        return voice + clicks("bursts", voice, RATE, per_minute=600, seed=seed)
    if stage == "dequantize":
        return rounded(0.5 * voice, 8)
    if stage in ("denoise", "snmf", "mask_unet", "wavenet"):
        return 0.5 * voice + 0.01 * rng.standard_normal(t.size)
    if stage == "enhance":
        return windowed_sinc(voice[None], 3000, RATE)[0]
    return voice
