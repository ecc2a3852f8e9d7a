"""Frames: equally long, possibly overlapping stretches of a signal."""

from __future__ import annotations

import numpy as np

from pipeline.audio.buffers import release


def frames(x: np.ndarray, size: int, hop: int = 1) -> np.ndarray:
    """(..., N, size) read-only view of all whole frames of (..., T), `hop` samples apart.

    Args:
        x: (..., T) with T at least `size`.
        size: samples of a frame.
        hop: samples from the start of one frame to the start of the next.
    """
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=-1)[..., ::hop, :]


def frames_at(samples: np.ndarray, starts: np.ndarray, size: int) -> np.ndarray:
    """(C, N, size) copies of the frames of (C, T) that begin at `starts`, in rising order.

    A sound shorter than `size` gives shorter frames. What was read is released.
    """
    copies = np.stack([samples[:, at : at + size] for at in starts], axis=1)
    release(samples, int(starts[0]), int(starts[-1]) + size)
    return copies
