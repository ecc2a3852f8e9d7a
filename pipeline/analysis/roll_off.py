"""Where a low-pass filter's pass band ends: its magnitude fitted to levels over frequency.

    level = a + b log2(f) - 10 log10(1 + (f / f_c)^2n)

A straight line over log frequency is the sound, the rest a Butterworth filter of order n. Both its
asymptotes cross at f_c, its -3 dB point, however gentle it is; the place where levels have fallen
by so many dB lies the further above f_c the gentler it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

PER_OCTAVE = 18  # levels that are fitted, equally spaced in log frequency
LOWEST_HZ = 400.0
ORDERS = np.array([3, 4, 5, 6, 8, 10, 12, 16, 24, 48, 96], float)
BELOW, ABOVE = 1.5, 1.0  # octaves around the apparent edge that are fitted
LOWER, HIGHER = 1.2, 0.15  # octaves around it in which f_c is sought
FALL_DB, DEEPEST_DB, NOTHING_DB = 20.0, 45.0, -128.0  # floor: flat and so far down, or nothing
LATER, FLAT_DB = PER_OCTAVE // 2, 3.0  # half an octave on, a flat level is no lower than that
SLOPE_DB = (-12.0, 3.0)  # of the sound, an octave
OUTLIER_DB = 4.0  # a larger residual counts linearly (Huber)
ROUNDS = 3  # of reweighting
FEWEST = 8  # levels for a fit


class RollOff(NamedTuple):
    """A low-pass filter.

    Attributes:
        hz: its -3 dB point.
        order: of a Butterworth filter as steep.
        error: mean Huber loss of the fit, dB squared.
    """

    hz: float
    order: float
    error: float


def roll_off(
    hz: np.ndarray, high: np.ndarray, low: np.ndarray, steady_db: float, near_hz: float
) -> RollOff | None:
    """The filter that best explains the fall around `near_hz`; None where there is too little.

    Args:
        hz: (bands,) centres, equally spaced.
        high, low: (bands,) level in dB of the loud and of the quiet moments.
        steady_db: what lies closer together than that is steady.
        near_hz: where the levels seem to end.
    """
    octave, level, quiet = _by_octave(hz, high, low)
    near = np.log2(near_hz)
    under = (octave > near - 1.2) & (octave <= near - 0.2)
    if not under.any():
        return None
    down = float(np.median(level[under])) - level
    later = np.append(np.maximum.accumulate(level[::-1])[::-1][LATER:], np.full(LATER, -np.inf))
    is_flat = (level - quiet < steady_db) | (level < later[: len(level)] + FLAT_DB)
    floor = (is_flat & (down > FALL_DB)) | (level < NOTHING_DB) | (down > DEEPEST_DB)
    ends = octave[floor & (octave > near - 0.3)]
    last = min(ends[0] if ends.size else np.inf, near + ABOVE)
    use = (octave > near - BELOW) & (octave <= last)
    if use.sum() < FEWEST:
        return None
    candidates = octave[(octave > near - LOWER) & (octave < near + HIGHER)]
    fits = [_fit(octave[use] - at, level[use]) for at in candidates]
    best = int(np.argmin([error for error, _ in fits]))
    return RollOff(float(2 ** candidates[best]), fits[best][1], fits[best][0])


def _by_octave(
    hz: np.ndarray, high: np.ndarray, low: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log2 of frequency, and the medians of both levels around it."""
    octave = np.arange(np.log2(LOWEST_HZ), np.log2(0.97 * hz[-1]), 1 / PER_OCTAVE)
    first = np.searchsorted(hz, 2 ** (octave - 0.5 / PER_OCTAVE))
    last = np.maximum(np.searchsorted(hz, 2 ** (octave + 0.5 / PER_OCTAVE)), first + 1)
    pairs = list(zip(first, last, strict=True))
    level, quiet = (
        np.array([np.median(values[start:stop]) for start, stop in pairs]) for values in (high, low)
    )
    return octave, level, quiet


def _fit(octave: np.ndarray, level: np.ndarray) -> tuple[float, float]:
    """(error, order) of the best order, for a filter whose f_c is at octave 0."""
    power = np.clip(2 * ORDERS[:, None] * octave, -60, 200)
    sound = level + 10 * np.log10(1 + 2.0**power)  # (orders, levels) before each filter
    weight = np.ones_like(sound)
    for _ in range(ROUNDS):
        total = weight.sum(axis=1)
        centre, mean = (weight * octave).sum(axis=1) / total, (weight * sound).sum(axis=1) / total
        x, y = octave - centre[:, None], sound - mean[:, None]
        slope = (weight * x * y).sum(axis=1) / np.maximum((weight * x**2).sum(axis=1), 1e-6)
        residual = np.abs(y - np.clip(slope, *SLOPE_DB)[:, None] * x)
        weight = np.minimum(1, OUTLIER_DB / np.maximum(residual, 1e-6))
    small = residual < OUTLIER_DB
    loss = np.where(small, residual**2 / 2, OUTLIER_DB * (residual - OUTLIER_DB / 2)).mean(axis=1)
    best = int(np.argmin(loss))
    return float(loss[best]), float(ORDERS[best])
