"""Linear-phase high-pass filters without delay, for the output of a net.

They are those of `scipy.signal`, to the last bit, without importing it: that takes half a second of
a command that restores one file.
"""

from __future__ import annotations

import math

import numpy as np

WIDTH_HZ = 500.0  # from the band that is kept to the band that is the net's
REJECTION_DB = 90.0
DC_SECONDS = 0.1  # length of the window whose mean counts as DC: -6 dB at 10 Hz


def high_pass(keep_below_hz: float, rate: int) -> np.ndarray:
    """(N,) float32 taps, N odd: a delayed impulse less a low-pass.

    Below `keep_below_hz` they reject by 90 dB, from 500 Hz above it they pass. With 0 they only
    remove DC, gently. Two signals, one through these taps and the other through the impulse less
    these taps, sum to the original where they are equal.

    Args:
        keep_below_hz: at least 0 and at least WIDTH_HZ less than half the rate.
        rate: Hz.
    """
    low_pass = _low_pass(keep_below_hz, rate) if keep_below_hz else _mean(rate)
    taps = -low_pass / low_pass.sum()
    taps[len(taps) // 2] += 1
    return taps.astype(np.float32)


def filtered(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """(C, T) through the taps, centred: no delay, same length, zeros beyond the ends."""
    half = len(taps) // 2
    full = _convolved(x, taps)
    return full[:, half : half + x.shape[1]].astype(np.float32, copy=False)


def _convolved(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """(C, T), (N,) -> (C, at least T + N - 1): by overlapping blocks, or one for a short sound."""
    from scipy import fft

    frames, overlap = x.shape[1], len(taps) - 1
    block = _block(overlap) if frames > 2 * len(taps) else frames
    if block >= frames:
        size = fft.next_fast_len(frames + overlap, real=True)
        return fft.irfft(fft.rfft(x, size) * fft.rfft(taps, size), size)
    step = block - overlap
    n_blocks = max(-(-(frames + 1) // step), -(-(frames + overlap) // step))
    parts = np.pad(x, ((0, 0), (0, n_blocks * step - frames))).reshape(len(x), n_blocks, step)
    full = fft.irfft(fft.rfft(parts, block) * fft.rfft(taps, block), block)
    full[:, 1:, :overlap] += full[:, :-1, step:]
    return full[..., :step].reshape(len(x), -1)


def _block(overlap: int) -> int:
    """The size of a block that needs the fewest operations: N = K ln(2 N e) for an overlap K."""
    from scipy import fft, special

    best = -overlap * special.lambertw(-1 / (2 * math.e * overlap), k=-1).real
    return fft.next_fast_len(math.ceil(best))


def _low_pass(keep_below_hz: float, rate: int) -> np.ndarray:
    """With Kaiser's window, after his formulas; Oppenheim and Schafer, section 7.6."""
    from scipy.special import i0

    count = math.ceil((REJECTION_DB - 7.95) / 2.285 / (np.pi * (WIDTH_HZ / (rate / 2))) + 1) | 1
    beta = 0.1102 * (REJECTION_DB - 8.7)
    at, middle = np.arange(count), (count - 1) / 2
    cutoff = (keep_below_hz + WIDTH_HZ / 2) / (rate / 2)
    taps = cutoff * np.sinc(cutoff * (at - middle))
    taps *= i0(beta * np.sqrt(1 - ((at - middle) / middle) ** 2)) / i0(beta)
    return taps / taps.sum()


def _mean(rate: int) -> np.ndarray:
    return np.hanning(int(DC_SECONDS * rate) | 1)
