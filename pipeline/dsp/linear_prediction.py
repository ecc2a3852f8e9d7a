"""Linear predictors of many stretches of sound at once; K counts the stretches, p is the order."""

from __future__ import annotations

import numpy as np

RIDGE = 2e-8  # of the normal equations, relative
FLOOR = 3e-7  # amplitude of the noise that is thought to be in any sound


def levinson(lags: np.ndarray, white: float = 0.0) -> np.ndarray:
    """Predictor-error filters from autocorrelations, by the Levinson-Durbin recursion.

    Args:
        lags: (K, p + 1) float64.
        white: power of white noise added to the sound, relative to the sound's.

    Returns:
        (K, p + 1), newest sample's tap first, which is 1.
    """
    a = np.zeros_like(lags)
    a[:, 0] = 1
    error = lags[:, 0] * (1 + white) + FLOOR**2
    for i in range(1, lags.shape[1]):
        reflection = -(a[:, :i] * lags[:, i:0:-1]).sum(1) / error
        a[:, 1 : i + 1] += reflection[:, None] * a[:, i - 1 :: -1]
        error *= np.maximum(1 - reflection**2, 1e-9)
    return a


def tap_lags(a: np.ndarray) -> np.ndarray:
    """(K, p + 1) the autocorrelation of taps (K, p + 1): the lags of |A|^2."""
    lags = np.empty_like(a)
    for lag in range(a.shape[1]):
        lags[:, lag] = np.einsum("kp,kp->k", a[:, lag:], a[:, : a.shape[1] - lag])
    return lags


def modified_covariance(
    x: np.ndarray, spectra: np.ndarray, good: np.ndarray, order: int
) -> np.ndarray:
    """The predictors with the least error forwards and backwards over the good samples.

    Source: the modified covariance method; Marple, "Digital Spectral Analysis" (1987), chapter 8.

    Args:
        x: (K, n) float64.
        spectra: (K, n / 2 + 1) their rfft.
        good: (K, n) bool; a prediction counts where it and all it is made from are good.
        order: p, below n.

    Returns:
        (K, p + 1) float64, oldest sample's tap first, the last one 1.
    """
    products = _products(x, spectra, good, order)
    products += products[:, ::-1, ::-1]
    diagonal = np.arange(order + 1)
    total = products[:, diagonal, diagonal].mean(1, keepdims=True)
    products[:, diagonal, diagonal] += RIDGE * total + FLOOR**2
    taps = np.ones((len(x), order + 1))
    right = -products[:, :order, order:]
    taps[:, :order] = np.linalg.solve(products[:, :order, :order], right)[:, :, 0]
    return taps


def _products(x: np.ndarray, spectra: np.ndarray, good: np.ndarray, order: int) -> np.ndarray:
    """(K, p + 1, p + 1) sums of v v' over all v = (x[m - p], ..., x[m]) of good samples.

    One row is a correlation; from a row to the next only the ends of the good stretches matter,
    since the sum of x[m - i - 1] x[m - j - 1] is that of x[m - i] x[m - j] shifted by a sample.
    """
    from scipy import fft

    bad = np.cumsum(~good, axis=1, dtype=np.int32)
    counts = np.zeros((len(x), x.shape[1] + 1), np.int8)
    counts[:, order] = bad[:, order] == 0
    counts[:, order + 1 : -1] = bad[:, order + 1 :] == bad[:, : -order - 1]
    newest = fft.rfft(x * counts[:, :-1], axis=1)
    newest *= spectra.conj()
    row = fft.irfft(newest, axis=1)[:, : order + 1]  # lags 0 to p behind the newest sample
    owner, end = np.nonzero(
        np.diff(counts, axis=1)
    )  # a stretch's last m, or the m before its first
    sign = counts[owner, end + 1] - counts[owner, end]
    vectors = x[owner[:, None], end[:, None] - np.arange(order + 1)]
    steps = np.zeros((len(x), order + 1, order + 1))
    np.add.at(steps, owner, sign[:, None, None] * vectors[:, :, None] * vectors[:, None])
    products = np.empty_like(steps)
    products[:, 0] = products[:, :, 0] = row
    for i in range(order):
        products[:, i + 1, 1:] = products[:, i, :-1] + steps[:, i, :-1]
    return np.ascontiguousarray(products[:, ::-1, ::-1])
