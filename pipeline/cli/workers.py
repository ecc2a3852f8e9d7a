"""Files in several processes at once: each has one file at a time; one that dies is replaced.

A process may be killed at any moment, for want of memory for instance. Its file is then given to
another one; a file that has ended several processes counts as failed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from pipeline.cli.batch import Failure, Job
from pipeline.stage import Tick

ATTEMPTS = 3
"""Processes that a file may end before it counts as failed."""

REPORT_S = 0.5
"""Seconds between a worker's reports of its progress."""

STOP_S = 10.0
"""Seconds that a worker has to clean up when it is stopped."""

Process = Callable[[Job, Tick], Any]


@dataclass(frozen=True)
class Event:
    """What happened to a file.

    Attributes:
        fraction: of the file that is done; 1 at the end.
        outcome: its result or a `Failure`; None while it is worked on.
    """

    job: Job
    fraction: float
    outcome: Any = None


class Died(RuntimeError):
    """A worker has ended without a result."""


class Crew(Protocol):
    """Starts workers and gives them files; what a worker is, only the crew knows."""

    def start(self) -> Any:
        """A new worker, idle."""
        ...

    def give(self, worker: Any, job: Job) -> None:
        """Gives an idle worker a file; `Died` if it cannot take one."""
        ...

    def wait(self, workers: Sequence[Any]) -> list[tuple[Any, Any]]:
        """Waits for busy workers: (worker, progress as a float, an outcome, or `Died`)."""
        ...

    def stop(self, worker: Any) -> None:
        """Ends a worker and whatever it does."""
        ...


def run(jobs: Sequence[Job], crew: Crew, n_workers: int) -> Iterator[Event]:
    """Gives every file to a worker; yields what happens, in the order in which it does.

    Args:
        n_workers: files that are worked on at the same time, at least 1.
    """
    waiting, deaths = deque(jobs), Counter[Job]()
    busy: list[tuple[Any, Job]] = []
    idle: list[Any] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < n_workers:
                _give(waiting.popleft(), crew, idle, busy)
            for worker, message in crew.wait([worker for worker, _ in busy]):
                job = next(job for one, job in busy if one is worker)
                if isinstance(message, float):
                    yield Event(job, message)
                    continue
                busy = [(one, own) for one, own in busy if one is not worker]
                if not isinstance(message, Died):
                    idle.append(worker)
                    yield Event(job, 1.0, message)
                    continue
                crew.stop(worker)
                deaths[job] += 1
                if deaths[job] < ATTEMPTS:
                    waiting.append(job)
                else:
                    yield Event(job, 1.0, Failure.of(job.source, ValueError(_ended(deaths[job]))))
    finally:
        for worker in [*idle, *(worker for worker, _ in busy)]:
            crew.stop(worker)


def _give(job: Job, crew: Crew, idle: list[Any], busy: list[tuple[Any, Job]]) -> None:
    """Gives a file to an idle worker, or to a new one."""
    while True:
        worker = idle.pop() if idle else crew.start()
        try:
            crew.give(worker, job)
        except Died:
            crew.stop(worker)
        else:
            busy.append((worker, job))
            return


def _ended(count: int) -> str:
    return f"{count} processes ended while they worked on it, perhaps for want of memory"


@dataclass(frozen=True, eq=False)
class Local:
    """A process of this machine, and the connection to it."""

    process: BaseProcess
    connection: Connection


class LocalCrew:
    """Workers that are processes of this machine.

    Args:
        process: does one file; must be picklable.
        threads: computing threads of each worker.
    """

    def __init__(self, process: Process, threads: int) -> None:
        self._process, self._threads = process, threads
        self._context = multiprocessing.get_context("spawn")

    def start(self) -> Local:
        """A new process, idle."""
        here, there = self._context.Pipe()
        arguments = (there, self._process, self._threads)
        process = self._context.Process(target=_work, args=arguments, daemon=True)
        process.start()
        there.close()
        return Local(process, here)

    def give(self, worker: Local, job: Job) -> None:
        """Sends a file."""
        try:
            worker.connection.send(job)
        except OSError as error:
            raise Died from error

    def wait(self, workers: Sequence[Local]) -> list[tuple[Local, Any]]:
        """What the workers have sent."""
        ready = set(wait([worker.connection for worker in workers]))
        return [(one, _received(one)) for one in workers if one.connection in ready]

    def stop(self, worker: Local) -> None:
        """Lets the process clean up and end, or ends it."""
        worker.process.terminate()
        worker.process.join(STOP_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.connection.close()


def _received(worker: Local) -> Any:
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        return Died()


def _work(connection: Connection, process: Process, threads: int) -> None:
    """The life of a worker process: does what it is sent until it is stopped."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is imported
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command stops its workers itself
    signal.signal(signal.SIGTERM, lambda *_: _end())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = connection.recv()
            connection.send(outcome(process, job, _reporter(connection)))


def _end() -> None:
    raise SystemExit


def _end_with_parent() -> None:
    """Ends this process as soon as the one that started it has ended, killed or not."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _reporter(connection: Connection) -> Tick:
    last_s = time.monotonic()

    def tick(fraction: float, what: str = "") -> None:
        nonlocal last_s
        if time.monotonic() - last_s > REPORT_S:
            last_s = time.monotonic()
            connection.send(float(fraction))

    return tick


def outcome(process: Process, job: Job, tick: Tick) -> Any:
    """What a file's processing returns, or its `Failure`."""
    try:
        return process(job, tick)
    except Exception as error:
        return Failure.of(job.source, error)
