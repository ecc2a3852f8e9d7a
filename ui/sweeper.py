"""Removes what calls of programs have left, when nobody can want it any more."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from pathlib import Path

PREFIX = "api-"
"""What the folder of a call's files is named with."""

KEPT_S = 3600.0
"""Seconds for which the files of a call can be fetched."""

EVERY_S = 300.0


class Sweeper:
    """A thread that looks through the folders of all visitors every few minutes.

    Args:
        folder: of all visitors; see `ui.session.visitor_folder`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._stopped = folder, threading.Event()

    def start(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._run, name="wavemend-sweeper", daemon=True).start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped.set()

    def sweep(self) -> None:
        """Removes the files of calls that ended more than KEPT_S ago, and folders left empty."""
        for folder in self._folder.glob(f"*/*/{PREFIX}*"):
            with contextlib.suppress(OSError):
                if time.time() - folder.stat().st_mtime > KEPT_S:
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.parent.rmdir()  # of the page, where this was its last call

    def _run(self) -> None:
        while not self._stopped.wait(EVERY_S):
            self.sweep()
