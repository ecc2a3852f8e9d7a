"""The memory that is left for more work: of the machine, and of the container around it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
CHECK_S = 0.5
"""Seconds for which a measurement is good enough."""

_last: tuple[float, int | None] = (-CHECK_S, None)


class Busy(RuntimeError):
    """The server cannot take this work now; the text says why, and when to try again."""


def free_bytes() -> int | None:
    """Bytes that can be had without swapping; None where the system does not say."""
    found = [free for free in (_machine(), _container()) if free is not None]
    return min(found) if found else None


def check(floor: int | None) -> None:
    """Raises `Busy` where less memory than `floor` bytes is left; None is no floor."""
    global _last
    if floor is None:
        return
    if time.monotonic() - _last[0] >= CHECK_S:
        _last = time.monotonic(), free_bytes()
    if _last[1] is not None and _last[1] < floor:
        raise Busy("The server is short of memory. Try again later, or with a shorter recording.")


def _machine() -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return None


def _container() -> int | None:
    """What the control group may still use: files that it has read can be forgotten."""
    with contextlib.suppress(OSError, ValueError):
        limit = (CGROUP / "memory.max").read_text().strip()
        if limit != "max":
            used = int((CGROUP / "memory.current").read_text())
            stat = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
            return int(limit) - used + int(stat.get("inactive_file", 0))
    return None
