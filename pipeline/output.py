"""Where a result is written, and in which format."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pipeline.audio.containers import Info
from pipeline.audio.decode import probe
from pipeline.audio.encode import writable_rate
from pipeline.audio.sound import Audio, AudioError, peak
from pipeline.remote.address import Location


@dataclass(frozen=True)
class Format:
    """An output format: the file's suffix, and the subtype that `pipeline.audio.encode` takes."""

    suffix: str
    subtype: str | None = None


FORMATS = {
    "wav16": Format(".wav", "PCM_16"),
    "wav24": Format(".wav", "PCM_24"),
    "wav32f": Format(".wav", "FLOAT"),
    "flac": Format(".flac", "PCM_24"),
    "mp3": Format(".mp3"),
    "opus": Format(".opus"),
}
"""The output formats by name."""


@dataclass(frozen=True)
class Target:
    """A file that can hold a sound as it is.

    Attributes:
        notes: what the user should know about it, one sentence each.
    """

    path: Path
    subtype: str | None
    notes: tuple[str, ...] = ()


def output_path(source: Path, folder: Path, kind: str | None = None) -> Path:
    """Where the restored `source` goes: its stem in `folder`, with the suffix of the format.

    Raises:
        AudioError: an unknown format.
    """
    return folder / output_name(source, kind)


def output_name(source: Location, kind: str | None = None) -> str:
    """The name of the result of `source`.

    Args:
        kind: a key of FORMATS; None is FLAC for a FLAC file, else WAV.

    Raises:
        AudioError: an unknown format.
    """
    if kind is not None and kind not in FORMATS:
        raise AudioError(f"format: got {kind!r}, expected one of {', '.join(FORMATS)}")
    same = ".flac" if source.suffix.lower() == ".flac" else ".wav"
    return f"{source.stem}{FORMATS[kind].suffix if kind else same}"


def refuse_overwriting(source: Location, path: Location, avoid: Collection[Location]) -> None:
    """Raises `AudioError` when `path` is one of the resolved paths `avoid`, by whatever name."""
    if path.resolve() in avoid:
        raise AudioError(
            f"{source.name}: would overwrite {path}, another file of this run or the input itself; "
            "choose another output folder or format"
        )


def subtype_for(source: Path, kind: str | None) -> str | None:
    """The subtype of a result of `source`: that of the format, else at least as deep."""
    if kind:
        return FORMATS[kind].subtype
    return _at_least_as_deep(probe(source), source.suffix)


def _at_least_as_deep(info: Info, suffix: str) -> str:
    """24 bits, or 32-bit float for a source that holds more; FLAC stays at 24."""
    deeper = info.bits > 24 or info.subtype in ("FLOAT", "DOUBLE")
    return "FLOAT" if deeper and suffix.lower() != ".flac" else "PCM_24"


def fit(audio: Audio, path: Path, subtype: str | None) -> Target:
    """The target that holds the sound unclipped: `path`, or a 32-bit float WAV instead."""
    notes = []
    if peak(audio) > 1:
        if subtype in ("PCM_16", "PCM_24"):
            path, subtype = path.with_suffix(".wav"), "FLOAT"
            notes.append(
                "The result goes above full scale: written as 32-bit float WAV, unclipped."
            )
        else:
            notes.append("The result goes above full scale: lower the gain before playing it.")
    rate = writable_rate(path, audio.rate)
    if rate != audio.rate:
        notes.append(f"{path.suffix} cannot hold {audio.rate} Hz: written at {rate} Hz.")
    return Target(path, subtype, tuple(notes))


def make_folder(folder: Path) -> None:
    """Makes a folder for results if there is none.

    Raises:
        AudioError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AudioError(f"{folder}: cannot be made ({error.strerror}); choose another") from error
