"""DC offset: the mean of the waveform, where it is more than chance."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio

LEAST = 1e-3  # of full scale
SIGMAS = 4.0  # of the mean's own standard error
BLOCK_S = 0.5  # the error is estimated from the means of blocks


@once_per_sound
def dc_offset(audio: Audio) -> np.ndarray:
    """(C,) float64: the mean of each channel; 0 where it may be chance.

    It counts from a thousandth of full scale, and from four times its own standard error.
    """
    block = max(1, round(BLOCK_S * audio.rate))
    if audio.frames < 2 * block:
        return np.zeros(audio.channels)
    means = []
    for start, stop in blocks(
        audio.samples, frames=audio.frames - audio.frames % block, size=20 * block
    ):
        part = audio.samples[:, start:stop].reshape(audio.channels, -1, block)
        means.append(part.mean(axis=2, dtype=np.float64))
    block_means = np.concatenate(means, axis=1)
    mean = block_means.mean(axis=1)
    error = block_means.std(axis=1) / np.sqrt(block_means.shape[1])
    return np.where(np.abs(mean) > np.maximum(LEAST, SIGMAS * error), mean, 0.0)
