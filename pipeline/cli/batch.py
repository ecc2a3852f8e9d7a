"""Many files in one run: which files a command means, and the loop over them.

A file that cannot be processed becomes a `Failure`; it never ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.audio.decode import probe
from pipeline.audio.sound import AudioError
from pipeline.cli.console import Watch
from pipeline.files import SOUND_SUFFIXES, VIDEO_SUFFIXES
from pipeline.stage import Tick

SUFFIXES = SOUND_SUFFIXES | VIDEO_SUFFIXES
"""Suffixes that count as audio inside a folder; a file given by name may have any."""

Done = TypeVar("Done")


@dataclass(frozen=True)
class Job:
    """One input file, the folder that its results go to, and its length in seconds."""

    source: Path
    folder: Path
    seconds: float


@dataclass(frozen=True)
class Failure:
    """An input that could not be processed, and the reason in one line."""

    source: Path
    error: str

    @staticmethod
    def of(source: Path, error: Exception) -> Failure:
        """The reason after the path as the user gave it."""
        text = " ".join(str(error).split()).removeprefix(f"{source.name}: ")
        expected = isinstance(error, (ValueError, OSError))
        return Failure(
            source, f"{source}: {text if expected else f'{type(error).__name__}: {text}'}"
        )

    def to_json(self) -> dict[str, str]:
        """The entry of a command's JSON document."""
        return {"source": str(self.source), "error": self.error}


def plan(inputs: Sequence[Path], folder: Path) -> tuple[list[Job], list[Failure]]:
    """The jobs of a run, each file once, and the inputs that cannot be read.

    Args:
        inputs: files, and folders whose audio files are taken with their sub-folders.
        folder: where results go; files of an input folder keep their place below it.
    """
    jobs: list[Job] = []
    failures: list[Failure] = []
    for source, place in dict.fromkeys(pair for path in inputs for pair in expand(path, folder)):
        try:
            if source.is_dir():
                raise AudioError("this folder has no audio files")
            jobs.append(Job(source, place, probe(source).seconds))
        except AudioError as error:
            failures.append(Failure.of(source, error))
    return jobs, failures


def expand(path: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yields (file, its output folder); a folder without audio files yields itself."""
    if not path.is_dir():
        yield path, folder
        return
    out = folder.resolve()
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and (out == path.resolve() or not file.resolve().is_relative_to(out))
    ]
    for file in files:
        yield file, folder / file.relative_to(path).parent
    if not files:
        yield path, folder


def run(
    jobs: Sequence[Job],
    process: Callable[[Job, Tick], Done],
    describe: Callable[[Done], str],
    watch: Watch,
) -> tuple[list[Done], list[Failure]]:
    """Processes every job and reports each as it ends.

    Args:
        process: does one job; whatever it raises is this job's failure.
        describe: the lines to print for a result.
    """
    results: list[Done] = []
    failures: list[Failure] = []
    for number, job in enumerate(jobs, 1):
        tick = watch.begin(f"{number}/{len(jobs)} {job.source.name}", job.seconds)
        try:
            result = process(job, tick)
        except Exception as error:
            failures.append(Failure.of(job.source, error))
            watch.complain(failures[-1].error)
        else:
            results.append(result)
            watch.tell(describe(result))
    return results, failures
