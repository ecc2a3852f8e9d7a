"""Sound put on coarse grids, for tests and the bench."""

from __future__ import annotations

import numpy as np


def rounded(x: np.ndarray, bits: int) -> np.ndarray:
    """Rounded to `bits` bits, without dither; float32 of the same shape."""
    scale = 2.0 ** (bits - 1)
    return (np.round(x * scale) / scale).astype(np.float32)


def a_law(x: np.ndarray) -> np.ndarray:
    """Through ITU-T G.711's A-law; float32 of the same shape."""
    levels = []
    for code in range(128):
        segment, mantissa = divmod(code, 16)
        value = (mantissa << 4) + 8
        levels.append(value if segment == 0 else value + 0x100 << segment - 1)
    table = np.asarray(levels) / 32768
    nearest = np.searchsorted((table[1:] + table[:-1]) / 2, np.abs(x))
    return np.where(x < 0, -table[nearest], table[nearest]).astype(np.float32)
