"""A run over many recordings: it plans them, skips what is up to date, does the rest, notes all.

`restore` and `separate` are each a `Task`; what they share is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pipeline.cli import batch, leftovers
from pipeline.cli.batch import Failure, Job
from pipeline.cli.console import Display
from pipeline.cli.dashboard import run_all
from pipeline.cli.manifest import Manifest
from pipeline.stage import Tick

Done = TypeVar("Done")

Finished = Mapping[Job, Mapping[str, Path]]
"""The results of jobs that are up to date, by the result's name."""


class Task(Protocol[Done]):
    """What a command does with every recording."""

    @property
    def digest(self) -> str:
        """Changes with everything that changes the results."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The names of a recording's results in the manifest."""
        ...

    def target(self, job: Job) -> Path:
        """The path that a recording's results are named after."""
        ...

    def without_clashes(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Failure]]:
        """Leaves out the jobs whose results would overwrite an input or those of another job."""
        ...

    def prepare(self, display: Display) -> None:
        """Gets what every job needs; what is wrong with it ends the run."""
        ...

    def writer(self, jobs: Sequence[Job], finished: Finished) -> Callable[[Job, Tick], Done]:
        """What does one job; picklable."""
        ...

    def files(self, done: Done) -> Mapping[str, Path]:
        """The results of a job by name."""
        ...

    def describe(self, done: Done) -> str:
        """The lines to print for a job that was done."""
        ...

    def describe_finished(self, finished: Finished) -> str:
        """The lines to print for the jobs that were up to date."""
        ...


@dataclass(frozen=True)
class Options:
    """How a run goes about it.

    Attributes:
        again: do also what is up to date.
        workers, ray: see `pipeline.cli.dashboard.run_all`.
        quiet: print messages only.
    """

    again: bool = False
    workers: int = 1
    ray: str = ""
    quiet: bool = False


@dataclass(frozen=True)
class Run(Generic[Done]):
    """What became of all recordings."""

    results: list[Done]
    finished: Finished
    failures: list[Failure]


def run(inputs: Sequence[Path], out: Path, task: Task[Done], options: Options) -> Run[Done]:
    """Does what is not up to date.

    Args:
        inputs: files and folders.
        out: folder for the results.

    Raises:
        ValueError, OSError: the whole run is not possible.
    """
    batch.check_folder(out)
    planned, unreadable = batch.plan(inputs, out)
    jobs, clashes = task.without_clashes(planned)
    manifest = Manifest(out, task.digest)
    finished = {} if options.again else _finished(jobs, task, manifest)
    rest = [job for job in jobs if job not in finished]
    leftovers.remove(job.folder for job in jobs)
    with Display(sum(job.seconds for job in rest), quiet=options.quiet) as display:
        for failure in (*unreadable, *clashes):
            display.message(failure.error)
            manifest.failed(failure.source, failure.source, failure.error)
        if finished:
            display.result(task.describe_finished(finished))
        if rest:
            task.prepare(display)
        writer, ended = task.writer(jobs, finished), partial(_note, manifest, task)
        results, failures = run_all(
            rest, writer, task.describe, display, ended, options.workers, options.ray
        )
    return Run(results, finished, [*unreadable, *clashes, *failures])


def _finished(
    jobs: Sequence[Job], task: Task[Done], manifest: Manifest
) -> dict[Job, dict[str, Path]]:
    """The jobs whose results are all up to date."""
    results = {job: manifest.find(job.source, task.target(job)) for job in jobs}
    return {job: paths for job, paths in results.items() if paths and {*paths} >= {*task.names}}


def _note(manifest: Manifest, task: Task[Done], job: Job, outcome: Done | Failure) -> None:
    """Puts the outcome of a job into the manifest."""
    if isinstance(outcome, Failure):
        manifest.failed(job.source, task.target(job), outcome.error)
    else:
        manifest.done(job.source, task.target(job), task.files(outcome))
