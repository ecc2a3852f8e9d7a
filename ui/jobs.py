"""Long work on the page: the queue that shares the machine out, and the job itself.

A job runs in a thread of its own. Its `tick` raises `Cancelled` as soon as the visitor has
pressed Stop or has left, so that the work really ends; the event handler only watches it.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.stage import Cancelled
from ui import memory
from ui.memory import Busy
from ui.quotas import Allowance, Visitor


class TooLong(ValueError):
    """The work takes longer than one visitor may have the machine."""


class JobQueue:
    """Jobs that wait for their turn, shared out fairly between visitors.

    Nobody's second job comes before another's first one: a job's tag is one more than that of its
    visitor's job before, at least that of the job that runs; the lowest tag is next, and among
    equals the first to come. Source: Goyal et al. 1996, start-time fair queueing, with equal costs.

    Args:
        longest: jobs that may wait, of all visitors.
        each: jobs that may wait, of one page; an address may have PAGES_PER_ADDRESS times as many.
        at_once: jobs that run at the same time.
        allowance: what each visitor's jobs may take in a day.
    """

    def __init__(
        self,
        longest: int = 32,
        each: int = 32,
        at_once: int = 1,
        allowance: Allowance | None = None,
    ) -> None:
        self._allowance = allowance or Allowance()
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._tags: dict[Job, int] = {}
        self._last_tags: dict[str, int] = {}
        self._now = 0
        self._changed = threading.Condition()
        self._longest, self._each, self._at_once = longest, each, at_once

    def ahead(self, job: Job) -> int:
        """How many jobs come before this one; 0 when it runs or is not in the queue."""
        with self._changed:
            if job not in self._waiting:
                return 0
            return len(self._running) + self._in_order().index(job)

    @contextmanager
    def turn(self, job: Job) -> Iterator[None]:
        """Waits for the job's turn, and gives it to the next one at the end.

        Raises:
            Busy: the queue is full, or holds too many jobs of this visitor.
            Cancelled: the job was stopped while it waited.
        """
        with self._changed:
            self._admit(job)
            try:
                while len(self._running) >= self._at_once or self._in_order()[0] is not job:
                    job.check()
                    self._changed.wait(0.1)
                self._running.append(job)
                self._now = max(self._now, self._tags[job])
            finally:
                self._waiting.remove(job)
                del self._tags[job]
                self._changed.notify_all()
        started = time.monotonic()
        try:
            yield
        finally:
            self._allowance.spend(job.owner, time.monotonic() - started)
            with self._changed:
                self._running.remove(job)
                self._changed.notify_all()

    def size(self) -> tuple[int, int]:
        """How many jobs run, and how many wait."""
        with self._changed:
            return len(self._running), len(self._waiting)

    def stop_all(self, wait_s: float) -> None:
        """Stops every job, and waits until they have ended, but no longer than this."""
        with self._changed:
            jobs = [*self._waiting, *self._running]
        for job in jobs:
            job.stop()
        until = time.monotonic() + wait_s
        for job in jobs:
            job.wait(max(0.0, until - time.monotonic()))

    def _admit(self, job: Job) -> None:
        is_free = len(self._running) < self._at_once and not self._waiting
        if not is_free and len(self._waiting) >= self._longest:
            raise Busy("Too many people are waiting. Try again in a few minutes.")
        if refusal := self._allowance.refusal(job.owner):
            raise Busy(refusal)
        for name, times in job.owner.shares():
            own = sum((name, times) in other.owner.shares() for other in self._waiting)
            if not is_free and own >= times * self._each:
                count = f"{own} job{'' if own == 1 else 's'}"
                raise Busy(f"{count} of yours already wait here. Try again when one has ended.")
        self._allowance.begin(job.owner)
        self._waiting.append(job)
        self._last_tags = {name: tag for name, tag in self._last_tags.items() if tag >= self._now}
        self._tags[job] = max(self._now, self._last_tags.get(job.visitor, -1) + 1)
        if job.visitor:
            self._last_tags[job.visitor] = self._tags[job]

    def _in_order(self) -> list[Job]:
        """The waiting jobs in the order of their turns."""
        return sorted(self._waiting, key=self._tags.__getitem__)


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes:,} minute{'' if minutes == 1 else 's'}"


@dataclass(frozen=True)
class Progress:
    """What the page shows of a job that has not ended.

    Attributes:
        ahead: jobs that come first; 0 when this one runs.
        stage: what is being done, in plain words.
        fraction: of the whole, 0 to 1.
        left_s: estimated seconds left, None where unknown.
    """

    ahead: int
    stage: str
    fraction: float
    left_s: float | None


class Job:
    """One piece of heavy work: `work(job)` in its own thread, in its turn.

    Args:
        work: gets the job and calls `job.tick()` often; what it returns is `result()`.
        queue: where the job waits for its turn.
        visitor: the address of whose job it is, for fair turns; "" counts as one of its own.
        page: which of the visitor's pages it belongs to.
        longest_s: seconds that the work may take; it ends with `TooLong` then. None is no limit.

    Attributes:
        check_first: called before the work; it may raise an error in its place.
        memory_floor: bytes of free memory below which the work ends; None never ends it.
    """

    def __init__(
        self,
        work: Callable[[Job], Any],
        queue: JobQueue,
        *,
        visitor: str = "",
        page: str = "",
        longest_s: float | None = None,
    ) -> None:
        self._work, self._queue, self._expected_s = work, queue, 0.0
        self.visitor, self.page, self.longest_s = visitor, page, longest_s
        self.check_first: Callable[[], None] = lambda: None
        self.memory_floor: int | None = None
        self._stop, self._ended = threading.Event(), threading.Event()
        self._stage, self._fraction = "Starting", 0.0
        self._started: float | None = None
        self._value: Any = None
        self._error: BaseException | None = None

    @property
    def owner(self) -> Visitor:
        """Whose quotas it counts for."""
        return Visitor(self.visitor, self.page)

    def start(self) -> Job:
        """Starts the thread; returns the job."""
        context = contextvars.copy_context()  # whose request it is, for a Space that lends a GPU
        arguments: dict[str, Any] = {"target": context.run, "args": (self._run,)}
        threading.Thread(**arguments, name="wavemend-job", daemon=True).start()
        return self

    def stop(self) -> None:
        """Asks the work to end; it does so at its next report."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Waits for the end, but no longer than this; whether the job has ended."""
        return self._ended.wait(seconds)

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Raises `Cancelled` after a stop, `TooLong` after its time, `Busy` without memory."""
        if self._stop.is_set():
            raise Cancelled
        memory.check(self.memory_floor)
        if self.longest_s is None or self._started is None:
            return
        if time.monotonic() - self._started > self.longest_s:
            raise TooLong(
                f"Stopped after {_minutes(self.longest_s)}, the limit for one job here. Take a "
                "shorter recording or fewer stages."
            )

    def expect(self, seconds: float) -> None:
        """Announces the estimated length of the work, shown until its own speed is known.

        Raises:
            TooLong: that is more than the job may take.
        """
        if self.longest_s is not None and seconds > self.longest_s:
            raise TooLong(
                f"This would take about {_minutes(seconds)}; one job may take "
                f"{_minutes(self.longest_s)} here. Take a shorter recording or fewer stages."
            )
        self._expected_s = seconds

    def tick(self, fraction: float, what: str = "") -> None:
        """The work's progress (see `pipeline.stage.Tick`); raises like `check`."""
        self.check()
        self._stage, self._fraction = what or self._stage, min(max(fraction, 0.0), 1.0)

    def progress(self) -> Progress:
        """A snapshot for the page."""
        if self.stopped:
            return Progress(0, "Stopping", self._fraction, None)
        return Progress(self._queue.ahead(self), self._stage, self._fraction, self._left_s())

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
        spent_s, done = time.monotonic() - self._started, self._fraction
        if done > 0.1 and spent_s > 1.0:
            return spent_s * (1.0 - done) / done
        return max(self._expected_s - spent_s, 0.0) or None

    def _run(self) -> None:
        try:
            with self._queue.turn(self):
                self._started = time.monotonic()
                self.check_first()
                self._value = self._work(self)
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()
