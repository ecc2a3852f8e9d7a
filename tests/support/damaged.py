"""For every stage, a sound that makes it work."""

from __future__ import annotations

import functools

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.degradation.additions import click_track as clicks
from tests.support.grids import rounded
from tests.support.sounds import speech, windowed_sinc

SECONDS = 4.0
RATE = 16_000
HIGHER_RATES = {"denoise_speech": 44_100, "mask_unet": 44_100, "wavenet": 24_000}
"""Rates above those of the stages' nets, so that there is a band that the nets do not see."""


@functools.cache
def damaged(stage: str, channels: int) -> Audio:
    """Speech, each channel another voice, with the damage that a stage repairs."""
    rate = HIGHER_RATES.get(stage, RATE)
    rows = [_damaged(stage, speech(SECONDS, rate, seed)[0], rate, seed) for seed in range(channels)]
    return Audio(np.stack(rows).astype(np.float32), rate)


def _damaged(stage: str, voice: np.ndarray, rate: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(voice.size) / rate
    if stage == "remove_hum":
        hum = sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in range(1, 9))
        rumble = windowed_sinc(rng.standard_normal((1, t.size)), 15, rate)[0]
        return 0.5 * voice + 0.02 * hum + 2 * rumble + 0.01
    if stage == "declick":
        return voice + clicks("bursts", voice, rate, per_minute=600, seed=seed)
    if stage == "declip":
        return np.clip(voice, *(0.5 * np.abs(voice).max() * np.array([-1, 1])))
    if stage == "dequantize":
        return rounded(0.5 * voice, 8)
    if stage in ("denoise", "denoise_speech", "snmf", "mask_unet", "wavenet"):
        return 0.5 * voice + 0.01 * rng.standard_normal(t.size)
    if stage == "enhance":
        return windowed_sinc(voice[None], 3000, rate)[0]
    return voice
