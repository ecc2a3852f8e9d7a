"""Linear-phase high-pass filters without delay, for the output of a net."""

from __future__ import annotations

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
    from scipy.signal import oaconvolve

    half = len(taps) // 2
    full = oaconvolve(x, taps[None], mode="full", axes=1)
    return full[:, half : half + x.shape[1]].astype(np.float32, copy=False)


def _low_pass(keep_below_hz: float, rate: int) -> np.ndarray:
    from scipy.signal import firwin, kaiserord

    count, beta = kaiserord(REJECTION_DB, WIDTH_HZ / (rate / 2))
    return firwin(count | 1, keep_below_hz + WIDTH_HZ / 2, window=("kaiser", beta), fs=rate)


def _mean(rate: int) -> np.ndarray:
    return np.hanning(int(DC_SECONDS * rate) | 1)
