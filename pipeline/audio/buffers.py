"""Sample arrays of any length: short ones in memory, long ones in a temporary file."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np

from pipeline.files import TEMPORARY_CURE, StorageError, temporary_error, temporary_file

LONG_SAMPLES = 1 << 22
"""Samples (of all channels) from which an array lives on disk: 16 MiB, 44 s of 48 kHz stereo."""

BEHIND = 1 << 20
"""Bytes before a released range that are released too: reading a page loads its neighbours."""

BLOCK_FRAMES = 1 << 18
"""Frames of a block of long sound: 5.5 s at 48 kHz."""


def block_ranges(frames: int, block: int | None = None) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) ranges of at most `block` (BLOCK_FRAMES) frames that cover `frames`."""
    step = block or BLOCK_FRAMES
    for start in range(0, frames, step):
        yield start, min(start + step, frames)


def allocate(channels: int, frames: int) -> np.ndarray:
    """Zeros of shape (channels, frames), float32; on disk from LONG_SAMPLES samples on.

    The temporary file has no name, so nothing is left behind however the process ends. Its blocks
    are reserved now: a full disk is an error here, not a crash in the middle of the work.

    Raises:
        StorageError: the temporary folder has no room.
    """
    if channels * frames < LONG_SAMPLES:
        return np.zeros((channels, frames), np.float32)
    with temporary_file() as file:
        array = _mapped(file, channels, frames)
        _reserve(file, 0, array.nbytes)
        return array


@contextlib.contextmanager
def allocate_gradually(
    channels: int, frames: int
) -> Iterator[tuple[np.ndarray, Callable[[int, int], None]]]:
    """As `allocate`, for a length that may be false: room is taken as the array is filled.

    Yields:
        The array, and `reserve(start, stop)`, to be called before these frames are written.

    Raises:
        StorageError: the temporary folder has no room; also from `reserve`.
    """
    if channels * frames < LONG_SAMPLES:
        yield np.zeros((channels, frames), np.float32), lambda start, stop: None
        return
    with temporary_file() as file:
        array = _mapped(file, channels, frames)

        def reserve(start: int, stop: int) -> None:
            for channel in range(channels):
                _reserve(file, 4 * (channel * frames + start), 4 * (stop - start))

        yield array, reserve


def _mapped(file: IO[bytes], channels: int, frames: int) -> np.ndarray:
    """A memory map of zeros that take no room yet."""
    try:
        os.ftruncate(file.fileno(), 4 * channels * frames)
        return np.memmap(file, np.float32, "r+", shape=(channels, frames))
    except (OSError, OverflowError, ValueError) as error:
        sentence = f"cannot hold {channels} channels of {frames} samples; {TEMPORARY_CURE}"
        raise StorageError(errno.EFBIG, sentence) from error


def _reserve(file: IO[bytes], start: int, n_bytes: int) -> None:
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), start, n_bytes)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise temporary_error(error) from error


def blocks(
    *arrays: np.ndarray, frames: int | None = None, size: int | None = None
) -> Iterator[tuple[int, int]]:
    """Yields (start, stop) of block after block; releases each in all arrays when it is done.

    Args:
        arrays: (channels, frames), at least one; see `release`.
        frames: how many frames to cover; those of the first array by default.
        size: frames of a block; BLOCK_FRAMES by default.
    """
    for start, stop in block_ranges(arrays[0].shape[1] if frames is None else frames, size):
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
        array: (channels, frames); a view of an array from `allocate`; a no-op for any other.
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
