"""A setting of the C library that makes large tensors cheap."""

from __future__ import annotations

import ctypes
import functools

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEEP = 1 << 30  # bytes


@functools.cache
def keep_tensors_mapped() -> bool:
    """Lets glibc reuse freed tensors of up to 1 GiB instead of unmapping each.

    By default every tensor above 32 MB is mapped, zeroed by the kernel page by page, and unmapped
    again, which takes half the time of a large net on a CPU.

    Returns:
        whether the C library has the setting (glibc does; musl, macOS and Windows do not).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, KEEP)) and bool(mallopt(M_TRIM_THRESHOLD, KEEP))
