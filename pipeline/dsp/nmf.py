"""Non-negative matrix factorisation of power spectra, by the Kullback-Leibler divergence.

    power (T, F)  =  H (T, K)  W (K, F)  +  noise (T, F), held fixed

Source: Lee and Seung 2001, "Algorithms for non-negative matrix factorization", theorem 2.
"""

from __future__ import annotations

import numpy as np


def initial(power: np.ndarray, atoms: int) -> tuple[np.ndarray, np.ndarray]:
    """Initial spectra W (K, F), each summing to one, and gains H (T, K).

    The spectra are those of random frames (with a fixed seed) plus a little of the mean power.
    """
    rng = np.random.default_rng(0)
    w = power[rng.integers(0, len(power), atoms)]
    w = w + np.float32(0.1 * power.mean()) * rng.random(w.shape, np.float32)
    w /= w.sum(axis=1, keepdims=True)
    h = np.repeat(power.sum(axis=1, keepdims=True) / np.float32(atoms), atoms, axis=1)
    return w, h


def update(
    power: np.ndarray, noise: np.ndarray, w: np.ndarray, h: np.ndarray, free: int | None = None
) -> None:
    """One multiplicative update of H, then of W, in place; the divergence does not increase.

    Args:
        power, noise: (T, F), above zero.
        w, h: (K, F) and (T, K); the rows of W sum to one before and after.
        free: number of spectra that are learned, the first ones; all of them where None.
    """
    h *= (power / (h @ w + noise)) @ w.T
    gains, spectra = h[:, :free], w[:free]
    spectra *= gains.T @ (power / (h @ w + noise))
    total = spectra.sum(axis=1, keepdims=True) + np.float32(1e-20)
    h_sum = gains.sum(axis=0)[:, None] + np.float32(1e-20)
    spectra /= total
    gains *= (total / h_sum).T
