"""File locks that the system releases when their holder dies, even by kill -9.

A lock is `flock` on a file. It belongs to an open file descriptor, so a parent can hand it over to
the process that it starts, which is its only holder from then on.
"""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

VARIABLE = "WAVEMEND_LOCKS"
RETRY_S = 0.02
WAIT_S = 1.0  # longer than another process's `held` takes the lock, on a busy machine too


def take(path: Path, wait_s: float = WAIT_S, *, shared: bool = False) -> int | None:
    """The descriptor that holds the lock, or None where another holds it.

    Args:
        path: of the file, made if missing.
        wait_s: seconds to try; `held` in another process takes a lock for a moment.
        shared: several holders may share it.
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
    """Whether anyone holds the lock alone; those who ask do not disturb each other."""
    return _is_refused(path, shared=True)


def shared(path: Path) -> bool:
    """Whether anyone holds the lock, alone or shared."""
    return _is_refused(path, shared=False)


def _is_refused(path: Path, *, shared: bool) -> bool:
    if not path.is_file():
        return False
    descriptor = take(path, wait_s=0, shared=shared)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def handed_over(descriptors: list[int]) -> dict[str, str]:
    """The environment that tells a child which descriptors of `pass_fds` are locks."""
    return {**os.environ, VARIABLE: ",".join(map(str, descriptors))}


def inherit() -> list[int]:
    """The locks that this process was started with, each kept: see `keep`."""
    given = os.environ.pop(VARIABLE, "")
    descriptors = [int(number) for number in given.split(",") if number]
    for descriptor in descriptors:
        keep(descriptor)
    return descriptors


def keep(descriptor: int) -> None:
    """Keeps a lock to this process: processes that it forks or starts do not hold it."""
    os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=functools.partial(os.close, descriptor))
