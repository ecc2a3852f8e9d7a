"""What runs that were killed have left in a results folder."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.cli.manifest import NAME
from pipeline.files import is_temporary
from pipeline.stems import PREFIX


@contextlib.contextmanager
def removed(out: Path, folders: Iterable[Path]) -> Iterator[None]:
    """Removes half-written files of earlier runs, unless another run works here just now.

    Args:
        out: the folder of the results; it is claimed for the time of the block.
        folders: below it, where results go.
    """
    with _claimed(out) as alone:
        if alone:
            for folder in {*folders}:
                _remove(folder)
        yield


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if is_temporary(path):
                path.unlink(missing_ok=True)
            elif path.name.startswith(PREFIX) and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _claimed(out: Path) -> Iterator[bool]:
    """Yields whether no other run holds the folder's manifest; without locks, none is known."""
    if sys.platform == "win32" or not (out / NAME).is_file():
        yield False
        return
    import fcntl

    try:
        file = (out / NAME).open("rb")
    except OSError:
        yield False
        return
    with file:
        alone = True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            alone = False
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield alone
