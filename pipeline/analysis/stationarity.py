"""Whether a sound without pauses is noise or music.

Noise has one level: the quietest third of 15 s lies close together, that of music spreads. And
the power of noise in one bin is distributed exponentially, so that its geometric mean lies 2.5 dB
below its mean: steady tones come nearer to 0 dB, beats and decays fall far below.
"""

from __future__ import annotations

import numpy as np

from pipeline.analysis.minimum_statistics import SubWindows

LOW, MIDDLE = 0.1, 0.35  # quantiles of the level
QUIETEST = 0.15  # quantile of the level below which the flatness counts
SPREAD_DB, SPREAD_PENALTY = 2.0, 4.0  # MIDDLE above LOW, and the dB that a dB more takes away
NOISE_DB = -2.4  # flatness of noise, in sub-windows of 18 frames
FLATNESS_DB, FLATNESS_PENALTY = 0.6, 15.0  # off from that, and the dB that a dB more takes away
CHANCE_DB = 2.8  # how far noise is off in one frame; in n frames the root of n less
MOST_DB = 60.0
SMOOTH_BINS, NEAR_BINS = 7, 15


def lowest_and_noise_share(
    windows: SubWindows, length: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """LOW quantile of the minima, and the share of it that is noise; each (S, C, F), as power.

    Args:
        length: sub-windows that are judged together; such groups overlap by half, and the nearest
            one counts.
        size: frames in a sub-window.
    """
    count = len(windows.least)
    last = max(count - length, 0)
    starts = np.unique(np.clip(np.arange(0, count, max(length // 2, 1)), 0, last))
    low, share = np.zeros((2, len(starts), *windows.least.shape[1:]), np.float32)
    for index, at in enumerate(starts):
        for channel in range(windows.least.shape[1]):
            least, level, flat = (part[at : at + length, channel] for part in windows)
            audible = np.isfinite(least[:, 0])
            if audible.any():
                spread_db, low[index, channel] = _spread(least[audible])
                off_db = _off(level[audible], flat[audible], size)
                penalty_db = np.minimum(spread_db + off_db, MOST_DB)
                share[index, channel] = 10 ** (-penalty_db / 10)
    nearest = np.abs(np.arange(count)[:, None] - (starts + (length - 1) / 2)).argmin(axis=1)
    return low[nearest], share[nearest]


def _spread(least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Penalty in dB and lowest power, (F,), of minima (S, F)."""
    smooth = np.maximum(_smooth(least, SMOOTH_BINS), 0)  # the filter rounds to below zero
    low, middle = np.quantile(smooth, (LOW, MIDDLE), axis=0, method="nearest")
    spread_db = 10 * np.log10((middle + 1e-20) / (low + 1e-20))
    return SPREAD_PENALTY * np.maximum(spread_db - SPREAD_DB, 0), low


def _off(level_db: np.ndarray, flatness_db: np.ndarray, size: int) -> np.ndarray:
    """Penalty in dB, (F,), for the quietest of (S, F) not being as flat as noise is."""
    level = _smooth(level_db.astype(np.float32), SMOOTH_BINS)
    quiet = level <= np.quantile(level, QUIETEST, axis=0, method="nearest")
    n_quiet = quiet.sum(axis=0)
    mean = np.where(quiet, flatness_db, 0).sum(axis=0, dtype=np.float32) / n_quiet
    mean[[0, 1, -2, -1]] = mean[[2, 2, -3, -3]]  # DC and Nyquist are real: another distribution
    off_db = _smooth(np.abs(mean - NOISE_DB), NEAR_BINS)
    allowed = FLATNESS_DB + CHANCE_DB / np.sqrt(n_quiet * size)
    return FLATNESS_PENALTY * np.maximum(off_db - allowed, 0)


def _smooth(x: np.ndarray, bins: int) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(x, bins, axis=-1, mode="nearest")
