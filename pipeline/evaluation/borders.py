"""What is heard where the pieces of an estimate meet: jumps of its level, and those elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAME_S = 0.01  # on either side of a place
FLOOR = 1e-8  # mean square under every level: -80 dBFS
BETWEEN = (0.25, 0.5, 0.75)  # places between two borders, in shares of their distance


@dataclass(frozen=True)
class Jumps:
    """Mean size of the jumps of level over 10 ms, in dB.

    Args:
        at_borders, elsewhere: means.
    """

    at_borders: float
    elsewhere: float

    @property
    def ratio(self) -> float:
        """One where borders are like any other place."""
        return self.at_borders / self.elsewhere if self.elsewhere else float("nan")


def border_jumps(estimate: np.ndarray, borders: Sequence[int], rate: int) -> Jumps:
    """Jumps of an estimate's level at the borders of its pieces, and half-way between them.

    Args:
        estimate: (C, T) or (T,).
        borders: first sample of each piece but the first, rising; at least two.
        rate: in Hz.
    """
    estimate = np.atleast_2d(estimate)
    size = max(1, round(FRAME_S * rate))
    between = [
        round(first + share * (second - first))
        for first, second in itertools.pairwise(borders)
        for share in BETWEEN
    ]
    means = [
        float(np.mean([_jump_db(estimate, place, size) for place in places]))
        for places in (borders, between)
    ]
    return Jumps(*means)


def _jump_db(x: np.ndarray, place: int, size: int) -> float:
    """Size of the change of level from the frame before a place to the one after it."""
    before, after = x[:, max(0, place - size) : place], x[:, place : place + size]
    powers = [float(np.square(part, dtype=np.float64).mean()) + FLOOR for part in (before, after)]
    return abs(10 * float(np.log10(powers[1] / powers[0])))
