"""Where clicks may be: samples that their neighbours on both sides do not explain.

A short-time linear predictor A whitens the sound; applied forwards and backwards it gives what
each sample differs from its best guess from both sides, the matched filter of a single wrong
sample in autoregressive sound. Onsets and pulses of a voice stand out of it too, but they come in
company, or with loud sound behind them: a click stands alone.

Source: Vaseghi and Rayner, "Detection and suppression of impulsive noise in speech communication
systems", IEE Proc. 137 (1990); Godsill and Rayner, "Digital Audio Restoration" (1998), chapter 5.
"""

from __future__ import annotations

import functools

import numpy as np

from pipeline import predictor

FRAME_S = 0.021  # of one predictor; the true length is the next power of two
BLOCK_S = 0.001  # blocks in which the largest difference counts
SIDE_BLOCKS = 40  # the neighbourhood on either side
GUARD_BLOCKS = 2  # between a block and its neighbourhood
RANK = 3  # the neighbourhood's third largest block: one click may hide in it and a bit more
QUIET = 3e-5  # differences below a step of 16 bits are no clicks
WHITE = 1e-7  # -70 dB: no predictor looks below it
BATCH = 128  # frames worked on at once, for the cache
Place = tuple[int, int]


def hop_frames(rate: int) -> int:
    """Samples from one predictor to the next: a power of two."""
    return max(32, 1 << round(np.log2(FRAME_S * rate)))


def block_frames(rate: int) -> int:
    return max(1, round(BLOCK_S * rate))


def reach_frames(rate: int) -> int:
    """How far the sound on either side can matter to what is found at a sample."""
    return 2 * hop_frames(rate) + (SIDE_BLOCKS + 2 * GUARD_BLOCKS + 2) * block_frames(rate)


def differences(x: np.ndarray, rate: int, order: int) -> np.ndarray:
    """What each sample differs from its best guess from both sides.

    Args:
        x: (T,) float32.
        rate: Hz.
        order: of the predictor, at most a quarter of `hop_frames`.

    Returns:
        (T,) float32 in the unit of `x`: a lone click shows with its own amplitude.
    """
    hop = hop_frames(rate)
    count = -(-x.size // hop)
    padded = np.zeros((count + 1) * hop, np.float32)
    padded[hop // 2 : hop // 2 + x.size] = x
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    out = np.empty((count, hop), np.float32)
    for start in range(0, count, BATCH):
        batch = slice(start, start + BATCH)
        out[batch] = _whitened_twice(frames[batch], order)
    return out.reshape(-1)[: x.size]


def _whitened_twice(frames: np.ndarray, order: int) -> np.ndarray:
    """(F, 2 H) -> the middle (F, H) of each through |A|^2 / sum(a^2)."""
    from scipy import fft

    length = frames.shape[1]
    power = _power(fft.rfft(frames * _hann(length), axis=1)).astype(np.float64)
    a = predictor.levinson(fft.irfft(power, axis=1)[:, : order + 1], WHITE)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    spectra = fft.rfft(frames, axis=1)
    spectra *= _power(fft.rfft(a.astype(np.float32), length, axis=1))
    whole: np.ndarray = fft.irfft(spectra, axis=1)
    return whole[:, length // 4 : length - length // 4]


def _power(spectra: np.ndarray) -> np.ndarray:
    power: np.ndarray = np.square(spectra.real) + np.square(spectra.imag)
    return power


@functools.cache
def _hann(length: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def company(peaks: np.ndarray) -> np.ndarray:
    """What blocks may reach without standing out: the busier side's RANK-th largest block.

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


def candidates(x: np.ndarray, rate: int, order: int, ratio: float) -> list[Place]:
    """Ranges of samples, in order and apart, in which a click may be.

    Args:
        x: (T,) float32.
        rate: Hz.
        order: of the predictor.
        ratio: how far a click stands out of its neighbourhood.
    """
    from scipy import ndimage

    size = block_frames(rate)
    wrong = np.abs(differences(x, rate, order))
    wrong = np.pad(wrong, (0, -wrong.size % size))
    peaks = wrong.reshape(-1, size).max(1)
    usual = np.maximum(company(peaks), QUIET)
    hot = peaks > ratio * usual
    if not hot.any():
        return []
    join = 1 + order // (2 * size)  # apart, so that none is within a predictor's reach
    groups, _ = ndimage.label(ndimage.binary_dilation(hot, iterations=join))
    found = []
    for (blocks,) in ndimage.find_objects(groups):
        level = usual[blocks][hot[blocks]].min()
        above = np.flatnonzero(wrong[blocks.start * size : blocks.stop * size] > level)
        start = blocks.start * size
        found.append((start + int(above[0]), start + int(above[-1]) + 1))
    return found
