"""What lies above a net's band, made to follow the highest band that the net did clean.

A net at 32 kHz hears nothing above 16 kHz: hiss would stay there, alone. It is turned down as much
as the net turned down the band just below, moment by moment, and never up.
"""

from __future__ import annotations

import numpy as np

from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio

FRAME_S = 0.01  # between two gains
HEARD = (0.7, 0.95)  # of half the net's rate: the band that is followed
SMOOTH = 5  # frames
BLOCK = 1000  # frames at once
QUIET = 1e-12  # power of a frame below which nothing is known


def gains(x: Audio, change: np.ndarray) -> np.ndarray:
    """(C, N) float32 in [0, 1]: what was left of the highest band, one value a `FRAME_S`.

    Args:
        x: at the net's rate.
        change: (C, T) that the net made in `x`.
    """
    hop = round(FRAME_S * x.rate)
    frequency = np.fft.rfftfreq(2 * hop, 1 / x.rate)
    low, high = (share * x.rate / 2 for share in HEARD)
    band = (frequency > low) & (frequency < high)
    before, after = [], []
    for start, stop in blocks(x.samples, change, frames=x.frames // hop * hop, size=BLOCK * hop):
        part = slice(start, stop)
        before.append(_power(x.samples[:, part], hop, band))
        after.append(_power(x.samples[:, part] + change[:, part], hop, band))
    if not before:
        return np.ones((x.channels, 1), np.float32)
    was, left = (_smooth(np.concatenate(parts, axis=1)) for parts in (before, after))
    return np.sqrt(np.minimum((left + QUIET) / (was + QUIET), 1)).astype(np.float32)


def _power(x: np.ndarray, hop: int, band: np.ndarray) -> np.ndarray:
    """(C, N hops) -> (C, N) power in a band, frames of one hop, zero-padded to two."""
    frames = x.reshape(len(x), -1, hop) * np.hanning(hop).astype(np.float32)
    spectrum = np.fft.rfft(frames, 2 * hop)[..., band]
    return (spectrum.real**2 + spectrum.imag**2).sum(-1)


def _smooth(power: np.ndarray) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(power, SMOOTH, axis=1, mode="nearest")


def turn_down(
    audio: Audio, heard: np.ndarray, gain: np.ndarray, mix: float, out: np.ndarray
) -> None:
    """Adds to `out` what turns the part of `audio` that no net heard down by `gain`.

    Args:
        audio: the input, at its own rate.
        heard: (C, T) what of it the net heard, brought back to that rate; may be a sample off.
        gain: of `gains`, (C, N).
        mix: share of it, in [0, 1].
        out: (C, T), changed in place.
    """
    at = (np.arange(gain.shape[1]) + 0.5) * FRAME_S * audio.rate
    for start, stop in blocks(audio.samples, heard, out, frames=min(audio.frames, heard.shape[1])):
        time = np.arange(start, stop)
        above = audio.samples[:, start:stop] - heard[:, start:stop]
        for channel, row in enumerate(gain):
            less = np.interp(time, at, row).astype(np.float32) - 1
            out[channel, start:stop] += np.float32(mix) * less * above[channel]
