"""A run over many recordings: it plans them, skips what is up to date, does the rest, notes all.

`restore` and `separate` are each a `Task`; what they share is here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pipeline.cli import batch, leftovers
from pipeline.cli.batch import Failure, Job
from pipeline.cli.console import Display
from pipeline.cli.dashboard import Timed, run_all
from pipeline.cli.manifest import Manifest, Mark
from pipeline.output import refuse_overwriting
from pipeline.remote import scratch, store
from pipeline.remote.address import Address, Location
from pipeline.stage import Tick

Done = TypeVar("Done", bound=Timed)

Finished = Mapping[Job, Mapping[str, Location]]
"""The results of jobs that are up to date, by the result's name."""


@dataclass(frozen=True)
class Processed(Generic[Done]):
    """A recording that was done.

    Attributes:
        done: what the task says of it; its paths may be those of scratch files, which are gone.
        source: the recording.
        files: its results by name.
        marks: what the manifest notes of source and results.
    """

    done: Done
    source: Location
    files: dict[str, Location]
    marks: dict[Location, Mark]

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.done.seconds


class Task(Protocol[Done]):
    """What a command does with every recording; picklable."""

    @property
    def digest(self) -> str:
        """Changes with everything that changes the results."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The names of a recording's results in the manifest."""
        ...

    def target(self, job: Job) -> Location:
        """The path that a recording's results are named after."""
        ...

    def without_clashes(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Failure]]:
        """Leaves out the jobs whose results would overwrite an input or those of another job."""
        ...

    def prepare(self, display: Display) -> None:
        """Gets what every job needs; what is wrong with it ends the run."""
        ...

    def process(self, source: Path, folder: Path, avoid: Collection[Path], tick: Tick) -> Done:
        """Does one recording.

        Args:
            folder: where its results go; may not exist yet.
            avoid: resolved paths that are never written to.
        """
        ...

    def files(self, done: Done) -> Mapping[str, Path]:
        """The results of a recording by name."""
        ...

    def describe(self, processed: Processed[Done]) -> str:
        """The lines to print for a recording that was done."""
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

    results: list[Processed[Done]]
    finished: Finished
    failures: list[Failure]


def run(inputs: Sequence[Location], out: Location, task: Task[Done], options: Options) -> Run[Done]:
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
    with contextlib.closing(Manifest(out, task.digest)) as manifest:
        finished = {} if options.again else _finished(jobs, task, manifest)
        rest = [job for job in jobs if job not in finished]
        _remove_leftovers(out, jobs)
        with Display(sum(job.seconds for job in rest), quiet=options.quiet) as display:
            for failure in (*unreadable, *clashes):
                display.message(failure.error)
                manifest.failed(failure.source, failure.source, failure.error)
            if finished:
                display.result(task.describe_finished(finished))
            if rest:
                task.prepare(display)
            worker = _Worker(task, _reserved(jobs, task, finished))
            ended = partial(_note, manifest, task)
            results, failures = run_all(
                rest, worker, task.describe, display, ended, options.workers, options.ray
            )
    return Run(results, finished, [*unreadable, *clashes, *failures])


@dataclass(frozen=True)
class _Worker(Generic[Done]):
    """Does one job after another, in this process or in others.

    A recording of a store is fetched, and results for one are put up, through a scratch folder that
    lasts as long as the job: there are never more than workers.

    Attributes:
        reserved: resolved inputs and results; a job writes to none but its own.
    """

    task: Task[Done]
    reserved: frozenset[Location]

    def __call__(self, job: Job, tick: Tick) -> Processed[Done]:
        with contextlib.ExitStack() as stack:
            source, folder = job.source, job.folder
            if isinstance(source, Address) or isinstance(folder, Address):
                below = stack.enter_context(scratch.folder())
                if isinstance(source, Address):
                    (below / "source").mkdir()
                    source = store.fetch(source, below / "source")
                if isinstance(folder, Address):
                    folder = below / "results"
            mark = Mark.of(source, job.source)
            others = self.reserved - {self.task.target(job).resolve()}
            avoid = {path for path in others if isinstance(path, Path)}
            done = self.task.process(source, folder, avoid, tick)
            files = self.task.files(done)
            places = {path: _put(path, folder, job, others) for path in set(files.values())}
            marks = [mark, *(Mark.of(path, place) for path, place in places.items())]
            results = {name: places[path] for name, path in files.items()}
            return Processed(done, job.source, results, {mark.path: mark for mark in marks})


def _put(path: Path, folder: Path, job: Job, avoid: Collection[Location]) -> Location:
    """Where a result is in the end; it is put up if that is a store."""
    if isinstance(job.folder, Path):
        return path
    address = job.folder / path.relative_to(folder)
    refuse_overwriting(job.source, address, avoid)
    store.put_up(path, address)
    return address


def _reserved(jobs: Sequence[Job], task: Task[Done], finished: Finished) -> frozenset[Location]:
    results = [path for paths in finished.values() for path in paths.values()]
    paths = (*(job.source for job in jobs), *map(task.target, jobs), *results)
    return frozenset(path.resolve() for path in paths)


def _remove_leftovers(out: Location, jobs: Sequence[Job]) -> None:
    """Removes what earlier runs that were killed have left among the results."""
    if isinstance(out, Address):
        store.remove_leftovers(out)
    else:
        leftovers.remove(job.folder for job in jobs if isinstance(job.folder, Path))


def _finished(
    jobs: Sequence[Job], task: Task[Done], manifest: Manifest
) -> dict[Job, dict[str, Location]]:
    """The jobs whose results are all up to date."""
    results = {job: manifest.find(job.source, task.target(job)) for job in jobs}
    return {job: paths for job, paths in results.items() if paths and {*paths} >= {*task.names}}


def _note(
    manifest: Manifest, task: Task[Done], job: Job, outcome: Processed[Done] | Failure
) -> None:
    """Puts the outcome of a job into the manifest."""
    if isinstance(outcome, Failure):
        manifest.failed(job.source, task.target(job), outcome.error)
    else:
        results = {name: outcome.marks[path] for name, path in outcome.files.items()}
        manifest.done(task.target(job), outcome.marks[job.source], results)
