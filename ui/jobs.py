"""Long work on the page: the line before the one heavy job, and the job itself.

A job runs in a thread of its own. Its `tick` raises `Cancelled` as soon as the visitor has pressed
Stop or has left, so that stopping really stops; the event handler that follows it only looks.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.stage import Cancelled


class Busy(RuntimeError):
    """So many visitors wait already that one more would wait in vain."""


class Line:
    """First come, first served: at most one job at a time has its turn."""

    def __init__(self, longest: int = 32) -> None:
        self._jobs: list[Job] = []
        self._changed = threading.Condition()
        self._longest = longest

    def ahead(self, job: Job) -> int:
        """How many jobs come before this one; 0 when it has its turn or is not in the line."""
        with self._changed:
            return self._jobs.index(job) if job in self._jobs else 0

    @contextmanager
    def turn(self, job: Job) -> Iterator[None]:
        """Waits until everyone before has left, and lets the next one in at the end.

        Raises:
            Busy: the line is at its longest.
            Cancelled: the job was stopped while it waited.
        """
        with self._changed:
            if len(self._jobs) > self._longest:
                raise Busy("Too many people are waiting just now. Try again in a few minutes.")
            self._jobs.append(job)
        try:
            with self._changed:
                while self._jobs[0] is not job:
                    job.check()
                    self._changed.wait(0.1)
            yield
        finally:
            with self._changed:
                self._jobs.remove(job)
                self._changed.notify_all()


@dataclass(frozen=True)
class Progress:
    """What the page says about a job that has not ended.

    Attributes:
        ahead: jobs that come first; 0 when this one has its turn.
        stage: what is being done, in plain words.
        fraction: of the whole, 0 to 1.
        left_s: estimated seconds left, None while nobody can tell.
    """

    ahead: int
    stage: str
    fraction: float
    left_s: float | None


class Job:
    """One piece of heavy work: `work(job)` in its own thread, in its turn.

    Args:
        work: gets the job, calls `job.tick()` often; what it returns is `result()`.
        line: where the job waits for its turn.
    """

    def __init__(self, work: Callable[[Job], Any], line: Line) -> None:
        self._work, self._line, self._expected_s = work, line, 0.0
        self._stop, self._ended = threading.Event(), threading.Event()
        self._stage, self._fraction = "Starting", 0.0
        self._started: float | None = None
        self._value: Any = None
        self._error: BaseException | None = None

    def start(self) -> Job:
        """Starts the thread; returns the job."""
        threading.Thread(target=self._run, name="wavemend-job", daemon=True).start()
        return self

    def stop(self) -> None:
        """Asks the work to end; it does so at its next tick."""
        self._stop.set()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Raises `Cancelled` when the job has been stopped."""
        if self._stop.is_set():
            raise Cancelled

    def expect(self, seconds: float) -> None:
        """Says how long the work will probably take, until its own speed tells better."""
        self._expected_s = seconds

    def tick(self, fraction: float, what: str = "") -> None:
        """The work's progress (see `pipeline.stage.Tick`); raises like `check`."""
        self.check()
        self._stage, self._fraction = what or self._stage, min(max(fraction, 0.0), 1.0)

    def progress(self) -> Progress:
        """A snapshot for the page."""
        if self.stopped:
            return Progress(0, "Stopping", self._fraction, None)
        return Progress(self._line.ahead(self), self._stage, self._fraction, self._left_s())

    def result(self) -> Any:
        """What the work returned; raises what it raised (`Cancelled` after a stop)."""
        self._ended.wait()
        if self._error is not None:
            raise self._error
        return self._value

    async def follow(self, every_s: float = 0.2) -> AsyncIterator[Progress]:
        """Snapshots until the work has ended; leaving early (a closed page) stops the work."""
        try:
            while not self.ended:
                yield self.progress()
                await asyncio.sleep(every_s)
        finally:
            if not self.ended:
                self.stop()

    def _left_s(self) -> float | None:
        if self._started is None:
            return None
        spent, done = time.monotonic() - self._started, self._fraction
        if done > 0.1 and spent > 1.0:
            return spent * (1.0 - done) / done
        return max(self._expected_s - spent, 0.0) or None

    def _run(self) -> None:
        try:
            with self._line.turn(self):
                self._started = time.monotonic()
                self._value = self._work(self)
        except Exception as error:
            self._error = error
        finally:
            self._ended.set()
