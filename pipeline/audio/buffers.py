"""Sample arrays of any length: short ones in memory, long ones in a temporary file."""

from __future__ import annotations

import errno
import mmap
import os
import tempfile
from collections.abc import Iterator

import numpy as np

LONG_SAMPLES = 1 << 22
"""Samples (of all channels) from which an array lives on disk: 16 MiB, 44 s of 48 kHz stereo."""

BEHIND = 1 << 20
"""Bytes before a released range that go too: a page that is read brings neighbours back with it."""

BLOCK_FRAMES = 1 << 18
"""Frames handled at once by everything that walks over long sound: 5.5 s at 48 kHz."""


def spans(frames: int, block: int | None = None) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) ranges of at most `block` (BLOCK_FRAMES) frames that cover `frames`."""
    step = block or BLOCK_FRAMES
    for start in range(0, frames, step):
        yield start, min(start + step, frames)


def allocate(channels: int, frames: int) -> np.ndarray:
    """Zeros of shape (channels, frames), float32; on disk from LONG_SAMPLES samples on.

    The temporary file has no name, so nothing is left behind however the process ends. Its blocks
    are reserved now: a full disk is an error here, not a crash in the middle of the work.

    Raises:
        OSError: the temporary folder has no room.
    """
    if channels * frames < LONG_SAMPLES:
        return np.zeros((channels, frames), np.float32)
    n_bytes = 4 * channels * frames
    with tempfile.TemporaryFile() as file:
        try:
            _reserve(file.fileno(), n_bytes)
        except OSError as error:
            folder, mib = tempfile.gettempdir(), n_bytes >> 20
            why = f"{folder} has no room for {mib} MiB; free some space or set TMPDIR"
            raise OSError(error.errno, why) from error
        return np.memmap(file, np.float32, "r+", shape=(channels, frames))


def _reserve(descriptor: int, n_bytes: int) -> None:
    os.ftruncate(descriptor, n_bytes)
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, n_bytes)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def blocks(
    *arrays: np.ndarray, frames: int | None = None, size: int | None = None
) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) of block after block; releases each in all arrays when it is done.

    Args:
        arrays: (channels, frames), at least one; see `release`.
        frames: how many frames to cover; those of the first array by default.
        size: frames of a block; BLOCK_FRAMES by default.
    """
    for start, stop in spans(arrays[0].shape[1] if frames is None else frames, size):
        yield start, stop
        for array in arrays:
            release(array, start, stop)


def copied(array: np.ndarray, start: int, stop: int) -> np.ndarray:
    """A copy of frames `start` to `stop` in memory; their pages are released."""
    copy = np.array(array[:, start:stop])
    release(array, start, stop)
    return copy


def release(array: np.ndarray, start: int, stop: int) -> None:
    """Lets the pages of frames `start` to `stop` leave resident memory; no sample changes.

    Args:
        array: (channels, frames); a view of what `allocate` made; a no-op for any other.
    """
    root, mapping = _mapping(array)
    if root is None or mapping is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    origin = root.ctypes.data - root.offset % mmap.ALLOCATIONGRANULARITY
    for row in array[:, start:stop]:
        if row.size and row.strides[0] == row.itemsize:
            first = max((row.ctypes.data - origin) // BEHIND - 1, 0) * BEHIND
            last = row.ctypes.data - origin + row.nbytes
            mapping.madvise(mmap.MADV_DONTNEED, first, last - first)


def _mapping(array: np.ndarray) -> tuple[np.memmap | None, mmap.mmap | None]:
    """The memory-mapped array `array` looks into and its mapping, where dropping pages is safe."""
    root: np.ndarray | None = None
    base: object = array
    while isinstance(base, np.ndarray):
        root, base = base, base.base
    if isinstance(base, mmap.mmap) and isinstance(root, np.memmap) and root.mode != "c":
        return root, base
    return None, None
