"""Statistics of a recording's channels from one pass over every sample."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio

SILENCE = 2.0**-24
"""Samples below are silent: half a step of 24 bits; full scale is 1."""

BLOCK = 1 << 16  # frames at a time: a block stays in the cache


class ChannelStatistics(NamedTuple):
    """One value a channel, (C,), except for `products`.

    Attributes:
        low, high: smallest and largest sample.
        mean: the DC offset.
        products: (C, C) mean products of channels; the powers are its diagonal.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    products: np.ndarray


@once_per_sound
def channel_statistics(audio: Audio) -> ChannelStatistics:
    """Range, mean and mean products of the channels."""
    low, high = np.full(audio.channels, np.inf), np.full(audio.channels, -np.inf)
    total = np.zeros(audio.channels)
    products = np.zeros((audio.channels, audio.channels))
    for start, stop in blocks(audio.samples, size=BLOCK):
        block = audio.samples[:, start:stop]
        low, high = np.minimum(low, block.min(axis=1)), np.maximum(high, block.max(axis=1))
        total += block.sum(axis=1, dtype=np.float64)
        products += block @ block.T
    return ChannelStatistics(low, high, total / audio.frames, products / audio.frames)
