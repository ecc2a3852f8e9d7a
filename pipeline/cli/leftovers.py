"""What runs that were killed have left in a results folder."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from pipeline.files import is_temporary
from pipeline.stems import PREFIX

OLD_S = 600.0
"""Age in seconds from which nobody can be writing a file any more; another run may work there."""


def remove(folders: Iterable[Path]) -> None:
    """Removes half-written results of earlier runs from some folders."""
    for folder in {*folders}:
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime < OLD_S:
            return
        if is_temporary(path):
            path.unlink(missing_ok=True)
        elif path.name.startswith(PREFIX) and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
