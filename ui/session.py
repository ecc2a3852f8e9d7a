"""What every tab needs: this machine's limits, a visitor's session, errors in plain words."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from ui.jobs import Busy, Job

FOLDER_PREFIX = "wavemend-"
STALE_S = 3 * 24 * 3600.0


@dataclass(frozen=True)
class Limits:
    """What one visitor may ask for; a public Space gives less than one's own machine."""

    file_size: str = "4gb"
    seconds: float = 2 * 3600.0
    waiting: int = 32

    @staticmethod
    def here() -> Limits:
        """The limits of this machine: `SPACE_ID` in the environment tells a Space."""
        if os.environ.get("SPACE_ID"):
            return Limits(file_size="200mb", seconds=15 * 60.0, waiting=8)
        return Limits()


@dataclass
class Session:
    """One visitor's page: its folder, its file, its job and its results. Never shared.

    Networks that the visitor brings lie in `networks`, and outlive the recording.

    Everything this visitor may fetch lives in `folder`, whose name nobody can guess; `close`
    (an hour after the page is gone) stops the work and removes it.
    """

    folder: Path
    job: Job | None = None
    source: Any = None
    results: dict[str, Any] = field(default_factory=dict)
    shown: str = ""

    @staticmethod
    def open(room: Path) -> Session:
        """A fresh session with its own folder in `room` (see `make_room`)."""
        folder = room / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        return Session(folder)

    def new_folder(self, name: str) -> Path:
        """A new empty folder for one piece of work."""
        folder = self.folder / f"{name}-{secrets.token_hex(4)}"
        folder.mkdir()
        return folder

    def begin(self, job: Job) -> Job:
        """Makes `job` this visitor's one job: an older one is stopped."""
        self.stop()
        self.job = job
        return job.start()

    def stop(self) -> None:
        """Stops this visitor's work, if any runs."""
        if self.job is not None:
            self.job.stop()

    def forget(self) -> None:
        """Drops file and results: nothing may pass for another file's result."""
        self.stop()
        self.job, self.source, self.results, self.shown = None, None, {}, ""
        for old in self.folder.iterdir():
            if old != self.networks:
                shutil.rmtree(old, ignore_errors=True)

    @property
    def networks(self) -> Path:
        """Where this visitor's own checkpoints lie; made by whoever puts the first one there."""
        return self.folder / "networks"

    def close(self) -> None:
        """Ends the session; nothing of it stays on disk."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def close_session(session: Session | None) -> None:
    """`delete_callback` of the session's `gr.State`."""
    if session is not None:
        session.close()


def make_room() -> Path:
    """This server's folder for all sessions, below Gradio's cache (from where files are served).

    It goes when the server ends; what a killed server has left behind for days goes now.
    """
    cache = Path(get_upload_folder())
    cache.mkdir(parents=True, exist_ok=True)
    for folder in cache.glob(f"{FOLDER_PREFIX}*"):
        if time.time() - folder.stat().st_mtime > STALE_S:
            shutil.rmtree(folder, ignore_errors=True)
    room = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=cache))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    return room


def uploaded(path: str | Path | None) -> Path | None:
    """The path if it is a file in Gradio's upload cache, else None: no other path is trusted."""
    if not path:
        return None
    real, cache = Path(path).resolve(), Path(get_upload_folder()).resolve()
    return real if real.is_file() and real.is_relative_to(cache) else None


def plain_error(error: BaseException) -> str:
    """What the visitor reads: our own errors in their words, anything else as an apology.

    The traceback of an unexpected error goes to the server's log, never to the page.
    """
    if isinstance(error, (ValueError, Busy)):
        return str(error)
    if isinstance(error, MemoryError):
        return "The machine ran out of memory. Try a shorter file."
    traceback.print_exception(error)
    return f"Something went wrong inside ({type(error).__name__}). Your file is unharmed."
