"""The sound around click candidates, with a linear predictor and the residuals of each.

All candidates of a window are processed at once. K is their number, n the samples around each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.analysis.click_candidates import (
    QUIET,
    RANK,
    SIDE_BLOCKS,
    Range,
    block_frames,
    hop_frames,
)
from pipeline.dsp import linear_prediction

POWER_S = 0.010  # sound on either side from which the power of the residual is measured


@dataclass(frozen=True)
class Local:
    """The sound around each candidate, and its residuals after its own predictor A.

    Attributes:
        origin: (K, 1) index in the window of the first sample.
        start, stop: (K, 1) the candidate's range among the samples.
        x: (K, n) the samples.
        taps: (K, p + 1) of A; that of the oldest sample first, the last one is 1.
        ahead, back, both: (K, n) residuals: A forwards, A backwards, and one after the other.
        usual_ahead, usual_back: (K, 1) their peaks in the neighbourhood.
        power: (K, 1) of the forward residual within `near` samples of the candidate.
        near: samples on either side from which `power` is measured.
    """

    origin: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    x: np.ndarray
    taps: np.ndarray
    ahead: np.ndarray
    back: np.ndarray
    both: np.ndarray
    usual_ahead: np.ndarray
    usual_back: np.ndarray
    power: np.ndarray
    near: int

    @property
    def order(self) -> int:
        return self.taps.shape[1] - 1

    def some(self, which: np.ndarray) -> Local:
        """The candidates that an index or a mask selects."""
        arrays = {k: v[which] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, **arrays)


def side_frames(rate: int) -> int:
    """Samples on either side of a candidate that are used."""
    return 2 * hop_frames(rate)


def surroundings(
    x: np.ndarray, close: np.ndarray, ranges: list[Range], rate: int, order: int
) -> Local:
    """The surroundings of candidates.

    Args:
        x: (T,) float32.
        close: (K, 2) start and stop of the candidates.
        ranges: all candidates of the window; their samples do not enter any predictor.
        rate: Hz.
        order: of the predictors.
    """
    from scipy import fft

    side = side_frames(rate)
    good = np.zeros(x.size + 2 * side, bool)  # false outside the sound too
    good[side : side + x.size] = True
    for start, stop in ranges:
        good[side + start : side + stop] = False
    origin = close.mean(1).astype(int)[:, None]
    at = origin + np.arange(2 * side)
    local, good = np.pad(x.astype(np.float64), side)[at], good[at]
    spectra = fft.rfft(local, axis=1)
    taps = linear_prediction.modified_covariance(local, spectra, good, order)
    response = fft.rfft(taps[:, ::-1], 2 * side, axis=1)
    ahead = fft.irfft(spectra * response, axis=1)
    back = fft.irfft(spectra * response.conj(), axis=1)
    both = fft.irfft(spectra * np.square(np.abs(response)), axis=1)
    start, stop = close[:, :1] - origin + side, close[:, 1:] - origin + side
    known = _known(good, order)
    known_ahead = np.where(known, ahead, 0)
    usual_back = _usual(np.where(np.roll(known, -order, axis=1), back, 0), rate)
    near = round(POWER_S * rate)
    power = _power(known_ahead, known, start, stop + order, near)
    usual = np.maximum(_usual(known_ahead, rate), 0.1 * QUIET), np.maximum(usual_back, 0.1 * QUIET)
    return Local(origin - side, start, stop, local, taps, ahead, back, both, *usual, power, near)


def _known(good: np.ndarray, order: int) -> np.ndarray:
    """(K, n) True where only good samples enter the forward residual."""
    bad = np.cumsum(~good, axis=1, dtype=np.int32)
    known = np.zeros_like(good)
    known[:, order + 1 :] = bad[:, order + 1 :] == bad[:, : -order - 1]
    return known


def _usual(residual: np.ndarray, rate: int) -> np.ndarray:
    """(K, 1) the RANK-th largest peak of the blocks on the busier side."""
    size, half = block_frames(rate), residual.shape[1] // 2
    side = min(half // size, SIDE_BLOCKS) * size
    sides = np.stack([residual[:, half - side : half], residual[:, half : half + side]])
    blocks = np.abs(sides).reshape(2, len(residual), -1, size).max(3)
    return np.partition(blocks, -RANK, axis=2)[:, :, -RANK].max(0)[:, None]


def _power(
    residual: np.ndarray, known: np.ndarray, start: np.ndarray, stop: np.ndarray, near: int
) -> np.ndarray:
    """(K, 1) mean square within `near` samples on the busier side."""
    at = np.arange(residual.shape[1])
    squares, sides = np.square(residual), []
    for side in ((at >= start - near) & (at < start), (at >= stop) & (at < stop + near)):
        count = (known & side).sum(1, keepdims=True)
        sides.append((squares * side).sum(1, keepdims=True) / np.maximum(count, 1))
    return np.maximum(np.maximum(*sides), (0.1 * QUIET) ** 2)
