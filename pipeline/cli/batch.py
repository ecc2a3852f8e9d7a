"""Many files in one run: which inputs are meant, and where each goes, decided before any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.sound import AudioError, probe
from pipeline.restore import output_path, refuse_overwriting

SUFFIXES = frozenset(
    ".wav .wave .w64 .rf64 .flac .aif .aiff .aifc .au .caf .ogg .oga .opus .mp3 .m4a .m4b .aac "
    ".wma .webm .mka .mkv .mp4 .mov .avi .ac3 .amr .ape .wv".split()
)
"""What is taken from a folder; a file named on the command line may be called anything."""


@dataclass(frozen=True)
class Job:
    """One input, the file its result goes to, and its length in seconds (0 when unknown)."""

    source: Path
    path: Path
    seconds: float

    @property
    def folder(self) -> Path:
        return self.path.parent


@dataclass(frozen=True)
class Failure:
    """An input that cannot be done, and why, in one line."""

    source: Path
    error: str

    @staticmethod
    def of(source: Path, error: Exception) -> Failure:
        """The reason after the path as given: in a run over folders a name alone says little."""
        text = " ".join(str(error).split()).removeprefix(f"{source.name}: ")
        ours = isinstance(error, (ValueError, OSError))
        return Failure(source, f"{source}: {text if ours else f'{type(error).__name__}: {text}'}")


def plan(
    inputs: Sequence[Path], folder: Path, kind: str | None = None
) -> tuple[list[Job], list[Failure]]:
    """Sorts files and folders into what can be done and what cannot.

    Args:
        inputs: files, and folders whose sound files are taken with their sub-folders.
        folder: where outputs go; a folder's files keep their place below it.
        kind: a key of `pipeline.restore.KINDS`, or None.
    """
    jobs: list[Job] = []
    failures: list[Failure] = []
    found = list(dict.fromkeys(pair for path in inputs for pair in expand(path, folder)))
    taken = {source.resolve() for source, _ in found}
    for source, place in found:
        try:
            if source.is_dir():
                raise AudioError("this folder holds no sound files")
            path = output_path(source, place, kind)
            refuse_overwriting(source, path, taken)
            jobs.append(Job(source, path, probe(source).seconds))
            taken.add(path.resolve())
        except AudioError as error:
            failures.append(Failure.of(source, error))
    return jobs, failures


def expand(path: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yields (file, its output folder); a folder without sound stands for itself."""
    if not path.is_dir():
        yield path, folder
        return
    out = folder.resolve()
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and (out == path.resolve() or not file.resolve().is_relative_to(out))
    ]
    for file in found:
        yield file, folder / file.relative_to(path).parent
    if not found:
        yield path, folder
