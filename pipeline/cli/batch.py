"""Many files in one run: which files a command means, and the loop over them.

A file that cannot be processed becomes a `Failure`; it never ends the run.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pipeline.audio.decode import probe
from pipeline.audio.sound import AudioError
from pipeline.cli.console import Display, printable
from pipeline.files import SOUND_SUFFIXES, VIDEO_SUFFIXES
from pipeline.output import output_name, refuse_overwriting
from pipeline.remote import store
from pipeline.remote.address import Address, Location
from pipeline.stage import Tick

SUFFIXES = SOUND_SUFFIXES | VIDEO_SUFFIXES
"""Suffixes that count as audio inside a folder; a file given by name may have any."""

BYTES_PER_S = 96_000
"""What a second of sound takes, to guess lengths: 16 bits, 48 kHz, mono."""

Done = TypeVar("Done")


@dataclass(frozen=True)
class Job:
    """One input file, the folder that its results go to, and its length in seconds.

    The length of a file of a store is guessed from its size.
    """

    source: Location
    folder: Location
    seconds: float


@dataclass(frozen=True)
class Failure:
    """An input that could not be processed, and the reason in one line."""

    source: Location
    error: str

    @staticmethod
    def of(source: Location, error: Exception) -> Failure:
        """The reason after the path as the user gave it."""
        text = error.strerror if isinstance(error, OSError) else ""
        text = (text or str(error)).removeprefix(f"{source.name}: ")
        text = " ".join(text.split())
        if isinstance(error, MemoryError):
            text = "there is not enough memory for it"
        elif not isinstance(error, (ValueError, OSError)):
            text = f"{type(error).__name__}: {text}"
        return Failure(source, printable(f"{source}: {text}"))

    def to_json(self) -> dict[str, str]:
        """The entry of a command's JSON document."""
        return {"source": str(self.source), "error": self.error}


def plan(inputs: Sequence[Location], folder: Location) -> tuple[list[Job], list[Failure]]:
    """The jobs of a run, each file once, and the inputs that cannot be read.

    Args:
        inputs: files, and folders whose audio files are taken with their sub-folders.
        folder: where results go; files of an input folder keep their place below it.
    """
    jobs: dict[tuple[Location, Location], Job] = {}
    failures: list[Failure] = []
    for given in inputs:
        files, unreadable = files_of(given, folder)
        failures += unreadable
        for source, place in files:
            try:
                if (source, place) not in jobs:
                    jobs[source, place] = Job(source, place, _seconds(source))
            except Exception as error:
                failures.append(Failure.of(source, error))
    return list(jobs.values()), failures


def local(where: Location) -> Path:
    """A path of this machine, for what takes no addresses.

    Raises:
        ValueError: it is an address.
    """
    if isinstance(where, Address):
        raise ValueError(f"{where}: got an address, expected a path of this machine")
    return where


def without_clashes(jobs: Sequence[Job], kind: str | None) -> tuple[list[Job], list[Failure]]:
    """Leaves out the jobs whose result would overwrite an input or an earlier job's result.

    Args:
        kind: the output format, a key of `pipeline.output.FORMATS`; see `output_path`.
    """
    kept: list[Job] = []
    failures: list[Failure] = []
    reserved = {job.source.resolve() for job in jobs}
    for job in jobs:
        path = job.folder / output_name(job.source, kind)
        try:
            refuse_overwriting(job.source, path, reserved)
        except AudioError as error:
            failures.append(Failure.of(job.source, error))
        else:
            kept.append(job)
            reserved.add(path.resolve())
    return kept, failures


def check_folder(folder: Location) -> None:
    """Raises `OSError` or `ValueError` where no results can be: a file, a store without driver.

    A folder that does not exist yet and is named like a sound file is taken for a mistake.
    """
    if isinstance(folder, Address):
        return store.check(folder)
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError:
        if folder.suffix.lower() in SUFFIXES:
            raise ValueError(
                f"--out: got {folder.name}, expected a folder; give the folder for the results, "
                "which are named after their recordings"
            ) from None
        return
    if not is_folder:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def files_of(
    given: Location, folder: Location
) -> tuple[Sequence[tuple[Location, Location]], list[Failure]]:
    """The audio files of an input, wherever it is; see `expand`."""
    if isinstance(given, Address):
        return expand_address(given, folder)
    return expand(given, folder)


def expand(path: Path, folder: Location) -> tuple[list[tuple[Path, Location]], list[Failure]]:
    """The audio files of an input, each with its output folder, and what could not be searched.

    Args:
        path: a file, which is taken as it is, or a folder.
        folder: where results go; if it lies inside `path`, it is not searched.
    """
    try:
        if not path.is_dir():
            return [(path, folder)], []
    except OSError as error:
        return [], [Failure.of(path, error)]
    out = "" if isinstance(folder, Address) else os.path.realpath(folder)
    same = out == os.path.realpath(path)
    files: list[tuple[Path, Location]] = []
    failures: list[Failure] = []

    def note(error: OSError) -> None:
        failures.append(Failure.of(Path(error.filename or path), error))

    for root, folders, names in os.walk(path, onerror=note):
        inside = [name for name in sorted(folders) if not name.startswith(".")]
        folders[:] = [name for name in inside if same or os.path.realpath(Path(root, name)) != out]
        place = folder / Path(root).relative_to(path)
        files += [(file, place) for name in names if _is_audio(file := Path(root, name))]
    if not files and not failures:
        failures.append(Failure(path, printable(f"{path}: this folder has no audio files")))
    return sorted(files, key=lambda file: file[0]), failures


def expand_address(
    address: Address, folder: Location
) -> tuple[list[tuple[Address, Location]], list[Failure]]:
    """`expand` for an address; of a file, or a folder of files with sub-folders."""
    try:
        if not store.is_folder(address):
            return [(replace(address, version=store.version(address)), folder)], []
        below = store.files_below(address)
    except (ValueError, OSError) as error:
        return [], [Failure.of(address, error)]
    files: list[tuple[Address, Location]] = []
    for file in below:
        path = PurePosixPath(file.text.removeprefix(f"{address.text}/"))
        hidden = any(part.startswith(".") for part in path.parts)
        own = isinstance(folder, Address) and file.text.startswith(f"{folder.text}/")
        if path.suffix.lower() in SUFFIXES and not hidden and (not own or address == folder):
            files.append((file, folder / path.parent))
    if not files:
        text = printable(f"{address}: this folder has no audio files")
        return [], [Failure(address, text)]
    return files, []


def _is_audio(path: Path) -> bool:
    """Whether a file in a folder is processed; one that cannot be looked at is, and then fails."""
    if path.name.startswith(".") or path.suffix.lower() not in SUFFIXES:
        return False
    try:
        return path.is_file() or (path.is_symlink() and not path.exists())
    except OSError:
        return True


def _seconds(source: Location) -> float:
    if isinstance(source, Address):
        return source.version.size / BYTES_PER_S if source.version else 0.0
    with contextlib.suppress(FileNotFoundError):  # `probe` has the better sentence
        source.stat()  # for links in a circle, `probe` has none
    return probe(source).seconds


def run(
    jobs: Sequence[Job],
    process: Callable[[Job, Tick], Done],
    describe: Callable[[Done], str],
    display: Display,
    ended: Callable[[Job, Done | Failure], None] = lambda job, outcome: None,
) -> tuple[list[Done], list[Failure]]:
    """Processes every job and reports each as it ends.

    Args:
        process: does one job; whatever it raises is this job's failure.
        describe: the lines to print for a result.
        ended: is told the outcome of each job.
    """
    results: list[Done] = []
    failures: list[Failure] = []
    for number, job in enumerate(jobs, 1):
        tick = display.begin(f"{number}/{len(jobs)} {printable(job.source.name)}", job.seconds)
        try:
            result = process(job, tick)
        except Exception as error:
            failures.append(Failure.of(job.source, error))
            display.message(failures[-1].error)
            ended(job, failures[-1])
        else:
            results.append(result)
            ended(job, result)
            display.result(describe(result))
    return results, failures
