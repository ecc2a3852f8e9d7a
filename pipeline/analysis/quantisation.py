"""Coarse quantisation: the step of too few bits, or the levels of mu-law and A-law.

A gain after the quantisation leaves a grid, and so does storing that in 16 bits: its points are
then exact to half a 16-bit step.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import blocks
from pipeline.audio.excerpts import spread_excerpts
from pipeline.audio.sound import Audio

COARSE_BITS = 13.0  # finer steps are inaudible and are left alone
LEVELS = 6  # a grid shows from so many different values on
ON_GRID = 0.999  # of all samples
SLACK = 0.6 / 32768  # a sample may be this far from its grid point
COMPANDED_LEVELS, COMPANDED_PEAK = 24, 0.01  # from where a law shows: the first levels are even
LAWS = ("mu-law", "a-law", "smooth mu-law")


@dataclass(frozen=True)
class Quantisation:
    """How coarse a sound is.

    Attributes:
        step: between neighbouring levels, full scale being 1; the smallest one of a law.
        bits: log2(2 / step); 8 for a law.
        law: "linear", "mu-law" or "a-law".
        origin: a level of a linear grid.
        table: the levels above 0 of a law, rising; empty for a linear grid.
    """

    step: float
    bits: float
    law: str
    origin: float = 0.0
    table: tuple[float, ...] = ()

    def width(self, samples: np.ndarray) -> np.ndarray:
        """How wide the cell of each sample is; float32 of the same shape."""
        if not self.table:
            return np.full(samples.shape, self.step, np.float32)
        levels, widths = _cells(self.table)
        cells: np.ndarray = widths[_nearest(levels, np.abs(samples))].astype(np.float32)
        return cells

    def holds(self, samples: np.ndarray) -> np.ndarray:
        """Which samples are levels; bool of the same shape."""
        if self.table:
            levels = np.asarray(self.table)
            size = np.abs(samples)
            on_level: np.ndarray = np.abs(levels[_nearest(levels, size)] - size) <= SLACK
            return on_level
        turns = (samples - self.origin) / self.step
        return np.abs(turns - np.rint(turns)) * self.step <= SLACK


@once_per_sound
def quantisation(audio: Audio) -> Quantisation | None:
    """The grid that practically all samples lie on, None where there is none coarse enough.

    Few different values, such as those of silence or of a square wave, are no grid.
    """
    values, counts = np.zeros(0), np.zeros(0, int)
    for piece in spread_excerpts(audio):
        values, counts = _merged(values, counts, piece.samples)
        if values.size >= 64 * LEVELS and _too_fine(values):
            return None
    if values.size >= LEVELS:
        grid = _law(values, counts) or _linear(values, counts)
        return grid if grid and _holds_everywhere(grid, audio) else None
    return None


def _merged(
    values: np.ndarray, counts: np.ndarray, samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rising values and how often each occurs, with those of `samples`."""
    more, times = np.unique(samples, return_counts=True)
    both, place = np.unique(np.concatenate([values, more]), return_inverse=True)
    return both, np.bincount(place, np.concatenate([counts, times]), both.size)


def _too_fine(values: np.ndarray) -> bool:
    """Whether neighbouring values are too close for any coarse grid, stray ones left aside."""
    return bool(np.percentile(np.diff(values), 10) < 0.8 * 2 ** (1 - COARSE_BITS) - SLACK)


def _linear(values: np.ndarray, counts: np.ndarray) -> Quantisation | None:
    origin = float(values[counts.argmax()])
    by_distance = values[np.abs(values - origin).argsort()] - origin
    best = None
    for step in np.percentile(np.diff(values), (0, 10, 25, 50)):
        step, shift = _refined(float(step), by_distance)
        grid = Quantisation(step, float(np.log2(2 / step)), "linear", origin + shift)
        on_grid = counts[grid.holds(values)].sum() >= ON_GRID * counts.sum()
        clear = step > 4 * SLACK and grid.bits <= COARSE_BITS + 0.05
        if on_grid and clear and (best is None or step > best.step):
            best = grid
    return best


def _refined(step: float, distances: np.ndarray) -> tuple[float, float]:
    """Step and first point by least squares over points further and further away from the first,
    so that none is miscounted.

    Args:
        step: a first guess.
        distances: of grid points from one of them, nearest first.
    """
    count, shift = 4, 0.0
    while count < 2 * distances.size:
        turns = np.rint((distances[:count] - shift) / step)
        if np.ptp(turns):
            step, shift = map(float, np.polyfit(turns, distances[:count], 1))
        count *= 2
    return step, shift


def _law(values: np.ndarray, counts: np.ndarray) -> Quantisation | None:
    """A companding law at any gain: the largest value is one of its levels."""
    sizes, place = np.unique(np.abs(values), return_inverse=True)
    times = np.bincount(place, counts, sizes.size)
    if sizes.size < COMPANDED_LEVELS or sizes.size > 2 * 128 or sizes[-1] < COMPANDED_PEAK:
        return None
    for law in LAWS:
        table = _table(law)
        for top in table[table.size // 4 :][::-1]:
            levels = table * (sizes[-1] / top)
            on = np.abs(levels[_nearest(levels, sizes)] - sizes) <= SLACK
            if times[on].sum() >= ON_GRID * times.sum():
                scaled = tuple(map(float, levels))
                step = float(np.diff(levels[:3]).max())
                return Quantisation(step, 8.0, law.removeprefix("smooth "), 0.0, scaled)
    return None


@functools.cache
def _table(law: str) -> np.ndarray:
    """The levels of a law that are not negative, rising. Source: ITU-T G.711; the smooth one is
    the law's own formula, as many programs have it."""
    segment, mantissa = np.divmod(np.arange(128), 16)
    if law == "mu-law":
        return (((mantissa << 3) + 0x84 << segment) - 0x84) / 32768
    if law == "a-law":
        above = (mantissa << 4) + 0x108 << np.maximum(segment - 1, 0)
        return np.where(segment == 0, (mantissa << 4) + 8, above) / 32768
    return np.expm1((2 * np.arange(128) + 1) / 255 * np.log(256)) / 255


@functools.cache
def _cells(table: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The levels and the width of each one's cell: twice the way to the nearer neighbour's edge."""
    levels = np.asarray(table)
    gaps = np.diff(levels)
    first = 2 * levels[0] if levels[0] else gaps[0]
    return levels, np.minimum(np.append(gaps, gaps[-1]), np.append(first, gaps))


def _nearest(levels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, sizes)


def _holds_everywhere(grid: Quantisation, audio: Audio) -> bool:
    off = 0
    for start, stop in blocks(audio.samples):
        off += int((~grid.holds(audio.samples[:, start:stop])).sum())
        if off > (1 - ON_GRID) * audio.frames * audio.channels:
            return False
    return True
