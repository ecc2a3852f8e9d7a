"""Where clicks may be: samples that cannot be predicted from their neighbours on both sides.

A short-time linear predictor A whitens the sound. Applied forwards and backwards it gives the error
of predicting each sample from both sides: the matched filter of a single wrong sample in an
autoregressive sound. Onsets and pitch pulses have large errors too, but several close together, or
with loud sound after them. A click stands alone.

Source: Vaseghi and Rayner, "Detection and suppression of impulsive noise in speech communication
systems", IEE Proc. 137 (1990); Godsill and Rayner, "Digital Audio Restoration" (1998), chapter 5.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from pipeline.dsp import framing, linear_prediction

FRAME_S = 0.021  # of one predictor; the true length is the next power of two
BLOCK_S = 0.001  # blocks of which the largest error counts
SIDE_BLOCKS = 40  # the neighbourhood on either side
GUARD_BLOCKS = 2  # between a block and its neighbourhood
RANK = 3  # the neighbourhood's third largest block: one click may hide in it and a bit more
QUIET = 3e-5  # errors below a step of 16 bits are no clicks
WHITE = 1e-7  # -70 dB: no predictor looks below it
BATCH = 128  # frames worked on at once, for the cache
ROWS = 16  # of which a vector of the processor may hold one sample each
Range = tuple[int, int]


def hop_frames(rate: int) -> int:
    """Samples from one predictor to the next: a power of two."""
    return max(32, 1 << round(np.log2(FRAME_S * rate)))


def block_frames(rate: int) -> int:
    return max(1, round(BLOCK_S * rate))


def grid_frames(rate: int) -> int:
    """Predictors and blocks begin anew after this many samples."""
    return math.lcm(hop_frames(rate), block_frames(rate))


def context_frames(rate: int) -> int:
    """Samples on either side that may influence whether a sample counts as a click."""
    return 2 * hop_frames(rate) + (SIDE_BLOCKS + 2 * GUARD_BLOCKS + 2) * block_frames(rate)


def prediction_errors(
    x: np.ndarray, rate: int, order: int, which: np.ndarray | None = None
) -> np.ndarray:
    """How far each sample is from its prediction from both sides.

    Args:
        x: (T,) float32.
        rate: Hz.
        order: of the predictor, at most a quarter of `hop_frames`.
        which: (F,) frames to work on, of `hop_frames` samples each; None for all.

    Returns:
        (F, hop) float32 in the unit of `x`: a lone click shows with its own amplitude.
    """
    hop = hop_frames(rate)
    count = frame_count(x.size, rate)
    padded = np.zeros((count + 1) * hop, np.float32)
    padded[hop // 2 : hop // 2 + x.size] = x
    frames = framing.frames(padded, 2 * hop, hop)
    which = np.arange(count) if which is None else which
    wanted, which = which.size, np.pad(which, (0, -which.size % ROWS))
    out = np.empty((which.size, hop), np.float32)
    for start in range(0, which.size, BATCH):
        batch = slice(start, start + BATCH)
        out[batch] = _whitened_twice(frames[which[batch]], order)
    return out[:wanted]


def frame_count(frames: int, rate: int) -> int:
    return -(-frames // hop_frames(rate))


def frames_over(changed: np.ndarray, rate: int) -> np.ndarray:
    """(F,) the frames of `prediction_errors` that look at changed samples.

    Args:
        changed: (T,) bool.
        rate: Hz.
    """
    half = hop_frames(rate) // 2
    halves = np.add.reduceat(changed, np.arange(0, changed.size, half)) > 0
    halves = np.pad(halves, (1, 2 + halves.size % 2))  # frame i spans halves 2 i - 1 to 2 i + 2
    return np.flatnonzero(halves[:-3:2] | halves[1:-2:2] | halves[2:-1:2] | halves[3::2])


def _whitened_twice(frames: np.ndarray, order: int) -> np.ndarray:
    """(F, 2 H) -> the middle (F, H) of each through |A|^2 / sum(a^2).

    A tone may be 70 dB above the rest, so rounding errors matter to A: F is a multiple of ROWS, so
    that those of a frame do not depend on the frames beside it.
    """
    from scipy import fft

    length = frames.shape[1]
    spectra = fft.rfft(frames, axis=1)
    to_lags, to_power = _cosines(length, order)
    a = linear_prediction.levinson(_hann_power(spectra) @ to_lags, WHITE)
    lags = linear_prediction.tap_lags(a)
    spectra *= (lags / lags[:, :1]).astype(np.float32) @ to_power
    whole: np.ndarray = fft.irfft(spectra, axis=1)
    return whole[:, length // 4 : length - length // 4]


def _hann_power(spectra: np.ndarray) -> np.ndarray:
    """(F, N / 2 + 1) float64 power of the frames under a Hann window."""
    smooth = 2 * spectra
    smooth[:, 1:-1] -= spectra[:, 2:] + spectra[:, :-2]
    smooth[:, 0] -= 2 * spectra[:, 1].real
    smooth[:, -1] -= 2 * spectra[:, -2].real
    power: np.ndarray = np.square(smooth.real, dtype=np.float64)
    power += np.square(smooth.imag, dtype=np.float64)
    return power


@functools.cache
def _cosines(length: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices from `_hann_power` (N / 2 + 1) to lags (p + 1), and from lags to power."""
    bins = np.arange(length // 2 + 1)[:, None]
    cosines = np.cos(2 * np.pi * bins * np.arange(order + 1) / length)
    twice = np.where((bins == 0) | (bins == length // 2), 1, 2)
    to_power = cosines.T * np.where(np.arange(order + 1) == 0, 1, 2)[:, None]
    return twice * cosines / (16 * length), to_power.astype(np.float32)


def loudest_neighbours(peaks: np.ndarray) -> np.ndarray:
    """The level that is usual around each block: the RANK-th largest of the louder side.

    Args:
        peaks: (B,) largest magnitude in each block.
    """
    from scipy import ndimage

    side = SIDE_BLOCKS
    padded = np.pad(peaks, 2 * side)
    ranked = ndimage.rank_filter(padded, -RANK, size=side, mode="constant")
    at = np.arange(peaks.size) + 2 * side
    half = side // 2  # ranked[i] looks at i - half .. i + side - 1 - half
    before = ranked[at - GUARD_BLOCKS - (side - 1 - half)]
    behind = ranked[at + GUARD_BLOCKS + half]
    return np.maximum(before, behind)


def candidates(errors: np.ndarray, rate: int, order: int, ratio: float) -> list[Range]:
    """Ranges of samples, in order and apart, that may hold a click.

    Args:
        errors: (T,) from `prediction_errors`.
        rate: Hz.
        order: of the predictor.
        ratio: how far a click stands out of its neighbourhood.
    """
    from scipy import ndimage

    size = block_frames(rate)
    errors = np.abs(np.pad(errors, (0, -errors.size % size))).reshape(-1, size)
    peaks = errors.max(1)
    usual = np.maximum(loudest_neighbours(peaks), QUIET)
    hot = peaks > ratio * usual
    if not hot.any():
        return []
    join = 1 + order // (2 * size)  # apart, so that no two lie within one predictor
    groups, _ = ndimage.label(ndimage.binary_dilation(hot, iterations=join))
    ranges = []
    for (blocks,) in ndimage.find_objects(groups):
        above = np.flatnonzero(errors[blocks] > usual[blocks, None])
        start = blocks.start * size
        ranges.append((start + int(above[0]), start + int(above[-1]) + 1))
    return ranges
