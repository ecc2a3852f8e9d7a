"""One holder at a time: locks that the system takes back when their holder dies, however it dies.

A lock is `flock` on a file. It belongs to an open descriptor, so that who starts a process can hand
it over: from then on it is held by that process alone, and kill -9 frees it.
"""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

VARIABLE = "WAVEMEND_LOCKS"
RETRY_S = 0.02


def take(path: Path, wait_s: float = 0.3, *, shared: bool = False) -> int | None:
    """The descriptor that holds the lock, or None where another holds it.

    Args:
        path: of the file, made if missing.
        wait_s: how long to try; `held` in another process takes a lock for a moment.
        shared: with others who share it.
    """
    import fcntl  # not on Windows, where the page starts but no run does

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                return None
        time.sleep(RETRY_S)


def held(path: Path) -> bool:
    """Whether anyone holds the lock."""
    if not path.is_file():
        return False
    descriptor = take(path, wait_s=0)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def handed_over(descriptors: list[int]) -> dict[str, str]:
    """The environment in which a child finds the locks that `pass_fds` gives it."""
    return {**os.environ, VARIABLE: ",".join(map(str, descriptors))}


def inherit() -> list[int]:
    """The locks that this process was started with; see `keep`."""
    given = os.environ.pop(VARIABLE, "")
    descriptors = [int(number) for number in given.split(",") if number]
    for descriptor in descriptors:
        keep(descriptor)
    return descriptors


def keep(descriptor: int) -> None:
    """Leaves a lock to this process alone: what it forks or starts does not hold it on."""
    os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=functools.partial(os.close, descriptor))
