"""Extends the effect of a denoising net to the band above half of its rate.

A net at 32 kHz does not see anything above 16 kHz, so hiss would remain there. That band is turned
down by as much as the net turns down the band just below it, frame by frame, and never up.
"""

from __future__ import annotations

import numpy as np

from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio

FRAME_S = 0.01  # between two gains
FOLLOWED = (0.7, 0.95)  # of half the net's rate: the band whose gain is taken
SMOOTH = 5  # frames
BLOCK = 1000  # frames at once
QUIET = 1e-12  # power of a frame below which the gain is 1


def gains(x: Audio, change: np.ndarray) -> np.ndarray:
    """(C, N) float32 gains in [0, 1] that the net applied to the highest band, one per `FRAME_S`.

    Args:
        x: the net's input, at its rate.
        change: (C, T) output minus input.
    """
    hop = round(FRAME_S * x.rate)
    frequency = np.fft.rfftfreq(2 * hop, 1 / x.rate)
    low, high = (share * x.rate / 2 for share in FOLLOWED)
    band = (frequency > low) & (frequency < high)
    before, after = [], []
    for start, stop in blocks(x.samples, change, frames=x.frames // hop * hop, size=BLOCK * hop):
        part = slice(start, stop)
        before.append(_power(x.samples[:, part], hop, band))
        after.append(_power(x.samples[:, part] + change[:, part], hop, band))
    if not before:
        return np.ones((x.channels, 1), np.float32)
    power_in, power_out = (_smooth(np.concatenate(parts, axis=1)) for parts in (before, after))
    return np.sqrt(np.minimum((power_out + QUIET) / (power_in + QUIET), 1)).astype(np.float32)


def _power(x: np.ndarray, hop: int, band: np.ndarray) -> np.ndarray:
    """(C, N * hop) -> (C, N) power in a band; frames of one hop, zero-padded to two."""
    frames = x.reshape(len(x), -1, hop) * np.hanning(hop).astype(np.float32)
    spectrum = np.fft.rfft(frames, 2 * hop)[..., band]
    return (spectrum.real**2 + spectrum.imag**2).sum(-1)


def _smooth(power: np.ndarray) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    smooth = uniform_filter1d(power, SMOOTH, axis=1, mode="nearest")
    return np.maximum(smooth, 0)  # the filter rounds to below zero


def turn_down(audio: Audio, low: np.ndarray, gain: np.ndarray, mix: float, out: np.ndarray) -> None:
    """Turns down the part of `audio` above the net's band by `gain`, in `out`.

    Args:
        audio: the stage's input.
        low: (C, T) the part of it that the net saw, at the same rate; may be a sample off.
        gain: (C, N) of `gains`.
        mix: share of the reduction that is applied, in [0, 1].
        out: (C, T) the stage's output, changed in place.
    """
    at = (np.arange(gain.shape[1]) + 0.5) * FRAME_S * audio.rate
    for start, stop in blocks(audio.samples, low, out, frames=min(audio.frames, low.shape[1])):
        time = np.arange(start, stop)
        above = audio.samples[:, start:stop] - low[:, start:stop]
        for channel, row in enumerate(gain):
            less = np.interp(time, at, row).astype(np.float32) - 1
            out[channel, start:stop] += np.float32(mix) * less * above[channel]
