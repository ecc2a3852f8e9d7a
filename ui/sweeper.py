"""Removes what visitors and calls of programs have left, when nobody can want it any more."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gradio import routes, state_holder

PREFIX = "api-"
"""What the folder of a call's files is named with."""

KEPT_S = 3600.0
"""Seconds for which the files of a call can be fetched."""

EVERY_S = 300.0

IDLE_S = 60.0
"""Seconds after its last call for which a session that holds nothing is remembered."""


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


class SessionState(state_holder.SessionState):
    """What Gradio remembers of a session, without a description of every component.

    Only deep links read that, which the page does not have; it takes most of a session's memory.
    """

    def __init__(self, blocks: Any) -> None:
        none: Any = SimpleNamespace(default_config=blocks.default_config, blocks={})
        super().__init__(none)


class Sessions(state_holder.StateHolder):
    """All sessions of a server that hold something; Gradio's own keeps empty ones, too.

    A program's session holds nothing. A page's holds the visitor's `ui.session.Session`, until an
    hour after the page was closed.
    """

    def delete_all_expired_state(self) -> None:
        """Gradio calls it every second, in the thread that makes sessions."""
        super().delete_all_expired_state()
        now = datetime.now()
        for name, used in list(self.time_last_used.items()):
            if (now - used).total_seconds() > IDLE_S and self._is_empty(name):
                self.session_data.pop(name, None)
                self.time_last_used.pop(name, None)

    def update(self, session_id: str) -> None:
        """Notes that a session is used; where there are too many, the one idle longest is closed.

        Gradio's own would forget it without its `delete_callback`, and its files would stay.
        """
        if len(self.session_data) > self.capacity:
            self.delete_state(next(iter(self.session_data)))
        super().update(session_id)

    def _is_empty(self, name: str) -> bool:
        state = self.session_data.get(name)
        return state is None or next(state.state_components, None) is None


def install() -> None:
    """Lets Gradio keep its sessions in `Sessions`."""
    vars(state_holder)["SessionState"] = SessionState
    vars(routes)["StateHolder"] = Sessions
