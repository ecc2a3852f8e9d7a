"""A run of several workers, and the line that says how it goes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pipeline.cli import batch
from pipeline.cli.batch import Failure, Job
from pipeline.cli.console import Display
from pipeline.cli.ray_workers import RayCrew
from pipeline.cli.workers import Crew, LocalCrew, run
from pipeline.stage import Tick


class Timed(Protocol):
    """A recording that was done."""

    @property
    def seconds(self) -> float:
        """Its length."""
        ...


Done = TypeVar("Done", bound=Timed)


@dataclass
class Board:
    """What a run has done so far.

    Attributes:
        n_files: of the whole run.
        started_s: monotonic time of its start.
    """

    n_files: int
    started_s: float = field(default_factory=time.monotonic)
    n_done: int = 0
    n_failed: int = 0
    finished_s: float = 0.0
    partial_s: dict[Job, float] = field(default_factory=dict)

    def progress(self, job: Job, fraction: float) -> None:
        """Notes how far a file is."""
        self.partial_s[job] = fraction * job.seconds

    def ended(self, job: Job, outcome: Timed | Failure) -> None:
        """Notes that a file has ended; a failed one counts as no sound restored."""
        self.partial_s.pop(job, None)
        self.n_done += 1
        if isinstance(outcome, Failure):
            self.n_failed += 1
        else:
            self.finished_s += outcome.seconds

    @property
    def sound_s(self) -> float:
        """Seconds of sound that are done, of files in work too."""
        return self.finished_s + sum(self.partial_s.values())

    def line(self) -> str:
        """The dashboard: files, files a minute, hours of sound an hour, failures."""
        minutes = max(time.monotonic() - self.started_s, 1e-3) / 60
        failures = f"{self.n_failed} failure{'' if self.n_failed == 1 else 's'}"
        return (
            f"{self.n_done}/{self.n_files} files  {self.n_done / minutes:.1f} files a minute  "
            f"{self.sound_s / 60 / minutes:.1f} h of sound an hour  {failures}"
        )


def run_all(
    jobs: Sequence[Job],
    process: Callable[[Job, Tick], Done],
    describe: Callable[[Done], str],
    display: Display,
    ended: Callable[[Job, Done | Failure], None],
    n_workers: int,
    ray: str = "",
) -> tuple[list[Done], list[Failure]]:
    """Like `pipeline.cli.batch.run`, in as many processes as asked for.

    Args:
        process: picklable where there is more than one worker.
        n_workers: 1 for this process, more for processes of their own.
        ray: where Ray's workers take their place; see `pipeline.cli.ray_workers`.

    Raises:
        ValueError: there is no Ray, or no cluster there.
    """
    n_workers = min(n_workers, len(jobs))
    if ray and jobs:
        with contextlib.closing(RayCrew(process, ray, n_workers)) as crew:
            return run_with(crew, n_workers, jobs, describe, display, ended)
    if n_workers <= 1:
        return batch.run(jobs, process, describe, display, ended)
    threads = max(1, (os.cpu_count() or 1) // n_workers)
    return run_with(LocalCrew(process, threads), n_workers, jobs, describe, display, ended)


def run_with(
    crew: Crew,
    n_workers: int,
    jobs: Sequence[Job],
    describe: Callable[[Done], str],
    display: Display,
    ended: Callable[[Job, Done | Failure], None],
) -> tuple[list[Done], list[Failure]]:
    """The same with a crew of workers; results come as they end."""
    results: list[Done] = []
    failures: list[Failure] = []
    board = Board(len(jobs))
    for event in run(jobs, crew, n_workers):
        if event.outcome is None:
            board.progress(event.job, event.fraction)
        else:
            board.ended(event.job, event.outcome)
            ended(event.job, event.outcome)
            if isinstance(event.outcome, Failure):
                failures.append(event.outcome)
                display.message(event.outcome.error)
            else:
                results.append(event.outcome)
                display.result(describe(event.outcome))
        display.show(board.line(), board.sound_s)
    display.result(board.line())
    return results, failures
