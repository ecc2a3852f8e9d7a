"""What every tab needs: the server's limits, a visitor's session, errors in plain words."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
from gradio.utils import get_upload_folder

from pipeline.files import StorageError
from ui.jobs import Job, JobQueue
from ui.limits import GIB, Limits, is_shared
from ui.memory import Busy
from ui.quotas import PAGES_PER_ADDRESS, Allowance
from ui.sweeper import Sweeper

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
FOLDERS = re.compile(r"(?<![\w.<:/])/(?:[^\s/:,;'\"<>]+/)+")
"""The folders of an absolute path, up to its last part."""

LITTLE_BYTES = 1 << 24


@dataclass(frozen=True)
class Host:
    """What all visitors of one server share.

    Attributes:
        folder: of all sessions; see `make_folder`.
        limits: of one visitor.
        heavy: the queue of restorations and verdicts.
        light: the queue of reading and checking, which must not wait for a restoration.
        sweeper: removes what calls of programs have left, after an hour.
    """

    folder: Path
    limits: Limits
    heavy: JobQueue
    light: JobQueue
    sweeper: Sweeper = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sweeper", Sweeper(self.folder))

    @staticmethod
    def open(limits: Limits) -> Host:
        """The host of one server, with empty queues."""
        allowance = Allowance(limits.jobs_each, limits.work_s_each)
        heavy = JobQueue(limits.waiting, limits.waiting_each, 1, allowance)
        light = JobQueue(limits.waiting, limits.waiting_each, 2)
        host = Host(make_folder(), limits, heavy, light)
        host.sweeper.start()
        return host

    def open_session(self, visitor: str = "") -> Session:
        """A fresh session for a visitor, whose address is `visitor` where it is known."""
        return Session.open(self.folder, self.limits, visitor)

    def close(self, wait_s: float = 1.0) -> None:
        """Stops all work and removes all sessions."""
        self.sweeper.stop()
        for queue in (self.heavy, self.light):
            queue.stop_all(wait_s)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Session:
    """One visitor's page: its folder, its file, its job and its results. Never shared.

    Everything this visitor may fetch lies in `folder`, whose name nobody can guess; `close`
    (an hour after the page is gone) stops the work and removes it.

    Attributes:
        history: the results of `source` so far, for comparison, the newest last.
        reference: the clean `Audio` of `source`, where the visitor has given one.
        parcel: a sound that another tab has sent to Restore (see `ui.sending`), until it is opened.
        tab_sessions: by tab, of tabs that have one of their own; see `ui.tab_recordings`.
        listening: the session of the Listen tab, with its items and its test.
        several: the recordings that are restored together (see `ui.restore.several`), or None.
        setup_job: the download of the Setup tab.
        device, precision: for every network, chosen in Setup; empty where each stage has its own.
    """

    folder: Path
    limits: Limits = field(default_factory=Limits)
    visitor: str = ""
    job: Job | None = None
    source: Any = None
    results: dict[str, Any] = field(default_factory=dict)
    history: list[Any] = field(default_factory=list)
    shown: str = ""
    editor: Any = None
    reference: Any = None
    parcel: Any = None
    tab_sessions: dict[str, Session] = field(default_factory=dict)
    listening: Session | None = None
    several: Any = None
    device: str = ""
    precision: str = ""
    setup_job: Job | None = None

    @staticmethod
    def open(host: Path, limits: Limits | None = None, visitor: str = "") -> Session:
        """A fresh session with its own folder in its visitor's folder below `host`."""
        visitor = visitor or secrets.token_hex(16)
        folder = visitor_folder(host, visitor) / secrets.token_hex(16)
        folder.mkdir(mode=0o700, parents=True)
        return Session(folder, limits or Limits(), visitor)

    def new_folder(self, name: str) -> Path:
        """A new empty folder for one piece of work."""
        folder = self.folder / f"{name}-{secrets.token_hex(4)}"
        folder.mkdir()
        return folder

    def begin(self, job: Job) -> Job:
        """Makes `job` this visitor's one job: an older one is stopped."""
        self.stop()
        self.job = job
        return self.begin_beside(job)

    def begin_beside(self, job: Job) -> Job:
        """Starts a job of this visitor under the same limits; it stops no other."""
        job.visitor, job.page = self.visitor, self.folder.name
        restrict(job, self.limits, self.folder)
        return job.start()

    def stop(self) -> None:
        """Stops this visitor's work, if any runs."""
        if self.job is not None:
            self.job.stop()

    def forget(self) -> None:
        """Drops file and results: nothing may pass for another file's result."""
        self.stop()
        self.job, self.source, self.results, self.shown = None, None, {}, ""
        self.history = []
        self.reference = self.several = None
        for old in self.folder.iterdir():
            if old != self.networks:
                shutil.rmtree(old, ignore_errors=True)

    @property
    def networks(self) -> Path:
        """Where this visitor's own checkpoints lie, which outlive the recording.

        Made by whoever puts the first one there.
        """
        return self.folder / "networks"

    def close(self) -> None:
        """Ends the session; nothing of it stays on disk."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        for other in (self.listening, *self.tab_sessions.values()):
            close_session(other)

    def beside(self) -> Session:
        """Another session of the same visitor."""
        return Session.open(self.folder.parents[1], self.limits, self.visitor)


def close_session(session: Session | None) -> None:
    """`delete_callback` of the session's `gr.State`."""
    if session is not None:
        session.close()


def make_folder() -> Path:
    """A new folder for all sessions of a server, below Gradio's cache, where files are served."""
    cache = Path(get_upload_folder())
    cache.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="wavemend-", dir=cache))


def visitor_folder(host: Path, visitor: str) -> Path:
    """Where everything of one visitor lies."""
    return host / hashlib.sha256(visitor.encode()).hexdigest()[:32]


def page_folder(host: Path, visitor: str, page: str) -> Path:
    """Where the files lie that belong to the calls of one client of a visitor."""
    return (
        visitor_folder(host, visitor) / f"client-{hashlib.sha256(page.encode()).hexdigest()[:32]}"
    )


def visitor_of(address: str, headers: Mapping[str, str]) -> str:
    """What tells visitors apart: the network address.

    On a Space that is the one which its proxy saw; elsewhere nobody vouches for the header.
    """
    forwarded = headers.get("x-forwarded-for", "") if os.environ.get("SPACE_ID") else ""
    return forwarded.rpartition(",")[2].strip() or address


def size(folder: Path) -> int:
    """Bytes of all files below a folder; one that goes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def restrict(job: Job, limits: Limits, folder: Path) -> None:
    """Puts a job under the limits of a visitor's page, whose files lie in `folder`."""
    job.longest_s, job.memory_floor = limits.job_s, limits.memory_floor
    job.check_first = partial(check_room, folder, limits.bytes_each)


def check_room(page: Path, limit: int | None) -> None:
    """Raises `ValueError` where a page's folder, or its visitor's, holds more bytes than allowed.

    Args:
        limit: of one page; its visitor's folder above may hold PAGES_PER_ADDRESS times as much.
    """
    for folder, times in ((page, 1), (page.parent, PAGES_PER_ADDRESS)):
        if limit is not None and size(folder) > times * limit:
            raise ValueError(
                f"Your results take more than {times * limit / GIB:g} GB here. Download what you "
                "need, close other pages of yours, and remove the recording before you go on."
            )


def uploaded(path: Any) -> Path | None:
    """The path if it is a file in Gradio's upload cache, else None: no other path is trusted."""
    if not path or not isinstance(path, (str, Path)):
        return None
    real, cache = Path(path).resolve(), Path(get_upload_folder()).resolve()
    return real if real.is_file() and real.is_relative_to(cache) else None


def plain_error(error: BaseException) -> str:
    """What the visitor reads: our own errors as they are, anything else as an apology.

    The traceback of an unexpected error goes to the server's log, never to the page. Visitors of a
    shared server see the names of files, but not the folders that they lie in.
    """
    if is_shared() and (disk := _disk_error(error)) is not None:
        return disk  # the error's own words name a folder of the server
    if isinstance(error, (ValueError, Busy)):
        return FOLDERS.sub("", str(error)) if is_shared() else str(error)
    if isinstance(error, MemoryError):
        return "The machine ran out of memory. Try a shorter file."
    if (disk := _disk_error(error)) is not None:
        return disk
    traceback.print_exception(error)
    return f"Something went wrong inside ({type(error).__name__}). Your file is unharmed."


def _disk_error(error: BaseException) -> str | None:
    """Names folder and cure where a disk is full or a folder cannot be written to."""
    chain = [error, error.__cause__, error.__context__]
    for one in chain:
        if not isinstance(one, OSError) or one.errno not in (*NO_ROOM, *NOT_WRITABLE):
            continue
        if isinstance(one, StorageError) and not is_shared():
            return str(one)
        folder = Path(one.filename).parent if isinstance(one.filename, str) else None
        return no_room(folder) if one.errno in NO_ROOM else _not_writable(folder)
    if any(isinstance(one, soundfile.SoundFileError) for one in chain):
        return no_room() if _is_full() else f"A sound file could not be written: {error}"
    return None


def no_room(folder: Path | None = None) -> str:
    """That a disk is full, and what to do; visitors of a shared server see no path."""
    if is_shared():
        return "The server's disk is full. Try again later."
    where = folder or Path(tempfile.gettempdir())
    return f"The disk is full: {where} has no room. Free some space, or set TMPDIR."


def _not_writable(folder: Path | None) -> str:
    if is_shared():
        return "The server cannot write to its folder. Tell whoever runs it."
    where = folder or Path(tempfile.gettempdir())
    return f"{where} cannot be written to. Change its permissions, or set TMPDIR."


def _is_full() -> bool:
    folders = (tempfile.gettempdir(), get_upload_folder())
    return any(shutil.disk_usage(folder).free < LITTLE_BYTES for folder in folders)
