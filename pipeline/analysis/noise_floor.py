"""The level of a recording's steady noise: over time and frequency, and as one number.

The minimum over 1.5 s is noise, or sound that does not pause for so long. Three properties tell
them apart. Noise is smooth over frequency: peaks above their neighbourhood do not count. Noise
fills the gaps between partials evenly, reverberation does not: the neighbourhood's level is a low
quantile. And noise is steady: see `stationarity`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.analysis.minimum_statistics import (
    STEP,
    SUB_WINDOWS,
    SubWindows,
    frames_in,
    sub_windows,
)
from pipeline.analysis.once import once_per_sound
from pipeline.analysis.stationarity import lowest_and_noise_share
from pipeline.audio.sound import Audio
from pipeline.dsp.stft import OVERLAP, Stft
from pipeline.stage import Tick, no_tick

QUANTILE, ABOVE = 0.35, 1.7  # of the neighbourhood in frequency, and how far above it noise may lie
NEIGHBOURHOOD = 30  # bins on either side, from that bin on; below, down to zero and as far up
SMOOTH_BINS = 7
STAYS_S, RISES = 15.4, 1.6  # noise is at most so many times the lowest of so many seconds
BLOCK = 256  # sub-windows worked on at once
LOWEST_DB = -140.0  # the level given to digital silence
EXCERPTS, EXCERPT_S = 12, 5.0  # measured for the single number


class Floor(NamedTuple):
    """One number for the whole recording."""

    noise_dbfs: float  # RMS of the steady noise; full scale is 1.0
    snr_db: float  # the rest over it


def noise_track(audio: Audio, stft: Stft, tick: Tick = no_tick) -> np.ndarray:
    """(S, C, F) float32: power of the noise in every sub-window, zero where there is none.

    The unit is that of |X|^2 of `stft`: white noise of variance s has s in every bin. S is 0 for a
    sound shorter than a few frames, where nothing can be said. See `at_frames`.
    """
    return _steady(sub_windows(audio, stft, tick), stft, audio.rate)


def at_frames(track: np.ndarray, stft: Stft, rate: int, first: int, count: int) -> np.ndarray:
    """(count, ...) float32: a track (S, ...) at frames `first` and on, interpolated linearly."""
    period = STEP * frames_in(stft, rate)
    at = (np.arange(first, first + count) - (OVERLAP - 1)) / period - 0.5
    at = np.clip(at, 0, len(track) - 1)
    before = np.minimum(at.astype(int), max(len(track) - 2, 0))
    weight = (at - before).astype(np.float32).reshape(-1, *[1] * (track.ndim - 1))
    low = track[before]
    high = track[np.minimum(before + 1, len(track) - 1)]
    high -= low
    high *= weight
    high += low
    return high


@once_per_sound
def measure(audio: Audio, tick: Tick = no_tick) -> Floor:
    """The steady noise and what stands above it, from up to a minute of excerpts.

    A sound without pauses may have less noise than this says, but not more.
    """
    stft = Stft.of_rate(audio.rate)
    length = round(EXCERPT_S * audio.rate)
    starts = [0]
    if audio.frames > EXCERPTS * length:
        starts = [int(at) for at in np.linspace(0, audio.frames - length, EXCERPTS)]
        parts = [Audio(audio.samples[:, at : at + length], audio.rate) for at in starts]
    else:
        parts = [audio]
    windows = []
    for index, part in enumerate(parts):
        windows.append(sub_windows(part, stft))
        tick((index + 1) / len(parts))
    together = SubWindows(*(np.concatenate(part) for part in zip(*windows, strict=True)))
    track = _steady(together, stft, audio.rate)
    noise = float(track[..., 3:].mean()) if track.size else 0.0  # without DC and rumble
    total = float(np.mean([np.square(part.samples, dtype=np.float64).mean() for part in parts]))
    return Floor(_db(noise), min(_db(max(total - noise, 1e-3 * noise)) - _db(noise), -LOWEST_DB))


def _steady(windows: SubWindows, stft: Stft, rate: int) -> np.ndarray:
    """The noise in all sub-windows, (S, C, F); see the top of this file."""
    from scipy.ndimage import minimum_filter1d

    if not len(windows.least):
        return windows.least
    size = frames_in(stft, rate)
    length = max(round(STAYS_S * rate / (size * STEP * stft.hop)), 1)
    noise = minimum_filter1d(windows.least, SUB_WINDOWS, axis=0)
    low, share = lowest_and_noise_share(windows, length, size)
    for start in range(0, len(noise), BLOCK):
        part = noise[start : start + BLOCK]
        part[~np.isfinite(part)] = 0.0
        part[:] = _smooth(part)
        np.minimum(part, RISES * low[start : start + BLOCK], out=part)
        part *= share[start : start + BLOCK]
    return noise


def _smooth(least: np.ndarray) -> np.ndarray:
    """(S, C, F) of the same without what stands out of its neighbourhood."""
    from scipy.ndimage import uniform_filter1d

    level = np.log(least + np.float32(1e-20))
    level = np.minimum(level, _neighbourhood(level) + np.float32(np.log(ABOVE)))
    smooth = uniform_filter1d(np.exp(level), SMOOTH_BINS, axis=-1, mode="nearest")
    return np.maximum(smooth, 0)  # the filter rounds to below zero


def _neighbourhood(level: np.ndarray) -> np.ndarray:
    """(S, C, F): the quantile of every bin's neighbours, exact at some bins, else interpolated."""
    bins = level.shape[-1]
    centres = [0]
    while centres[-1] < bins - 1:
        centres.append(min(bins - 1, centres[-1] + max(1, min(15, centres[-1] // 2))))
    reaches = [min(NEIGHBOURHOOD, max(2, at)) for at in centres]
    at_centres = np.stack(
        [
            np.quantile(level[..., max(0, at - reach) : at + reach + 1], QUANTILE, axis=-1)
            for at, reach in zip(centres, reaches, strict=True)
        ],
        axis=-1,
    )
    after = np.clip(np.searchsorted(centres, np.arange(bins), side="right"), 1, len(centres) - 1)
    low, high = np.take(centres, after - 1), np.take(centres, after)
    weight = (np.arange(bins) - low) / (high - low)
    below, above = at_centres[..., after - 1], at_centres[..., after]
    return (below + weight * (above - below)).astype(np.float32)


def _db(power: float) -> float:
    return max(float(10 * np.log10(power)), LOWEST_DB) if power > 0 else LOWEST_DB
