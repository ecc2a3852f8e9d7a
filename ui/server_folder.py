"""The one folder that a server writes to: uploads, results and temporary files.

It holds the working directory too. Gradio hands out files of the working and the temporary
directory under some conditions; here both are empty or private to this server.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from training.runs import lock

PREFIX, LOCK = "wavemend-server-", "lock"
CACHE, SCRATCH, WORK = "cache", "scratch", "work"
NEW_S = 60.0
"""Age in seconds below which a folder without a lock may belong to a server that starts."""

STALE_S = 3 * 24 * 3600.0
"""Age in seconds from which a folder counts as abandoned where there are no locks (Windows)."""

PATHS = ("WAVEMEND_RUNS", "WAVEMEND_CHECKPOINTS", "WAVEMEND_DEMUCS", "WAVEMEND_CODECS")
"""Variables that hold paths, which may be relative to where the server was started."""


@contextlib.contextmanager
def entered() -> Iterator[Path]:
    """Makes the folder, lets Gradio and `tempfile` use it alone, and removes it at the end.

    What servers have left behind that were killed is removed first.

    Yields:
        the folder, below $GRADIO_TEMP_DIR, else the system's temporary directory.

    Raises:
        OSError: the folder cannot be made.
    """
    parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).resolve()
    try:
        folder, held = _made(parent)
    except OSError as error:
        text = f"{parent}: cannot hold the server's files ({error.strerror})"
        raise OSError(f"{text}; free some space, or set TMPDIR to another folder") from error
    try:
        for name in PATHS:
            if os.environ.get(name):
                os.environ[name] = str(Path(os.environ[name]).absolute())
        os.environ["GRADIO_TEMP_DIR"] = str(folder / CACHE)
        tempfile.tempdir = str(folder / SCRATCH)
        os.chdir(folder / WORK)
        yield folder
    finally:
        os.chdir(parent)
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _made(parent: Path) -> tuple[Path, int | None]:
    """A new folder, and the descriptor that holds its lock."""
    parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    held = None if sys.platform == "win32" else lock.take(folder / LOCK)
    for name in (CACHE, SCRATCH, WORK):
        (folder / name).mkdir(mode=0o700)
    return folder, held


def remove_abandoned(parent: Path) -> None:
    """Removes the folders of servers that no longer run."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    age_s = time.time() - folder.stat().st_mtime
    if sys.platform == "win32":
        return age_s > STALE_S
    if not (folder / LOCK).is_file():
        return age_s > NEW_S
    return not lock.held(folder / LOCK)
