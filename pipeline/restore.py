"""The one engine behind the page and the command line: a sound, a chain, and what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.audio.containers import Info
from pipeline.audio.decode import load, probe
from pipeline.audio.encode import save, writable_rate
from pipeline.audio.sound import Audio, AudioError, peak
from pipeline.stage import Chain, KeepsBand, Tick, no_tick, share, titled

if TYPE_CHECKING:
    from pipeline.evaluation.guarantee import Guarantee

LOAD_SHARE, SAVE_SHARE = 0.03, 0.07
"""How much of the progress bar reading and writing take; restoring has the rest."""

MEASURE_SHARE = 0.1
"""How much of restoring is measuring what came of it."""

KINDS: dict[str, tuple[str, str | None]] = {
    "wav16": (".wav", "PCM_16"),
    "wav24": (".wav", "PCM_24"),
    "wav32f": (".wav", "FLOAT"),
    "flac": (".flac", "PCM_24"),
    "mp3": (".mp3", None),
    "opus": (".opus", None),
}
"""The output formats by name: (suffix, subtype)."""


@dataclass(frozen=True)
class Restored:
    """What a chain made of a sound.

    Attributes:
        audio: the restored sound.
        guarantee: what changed, measured.
        seconds_taken: what the chain took, without reading, writing and measuring.
    """

    audio: Audio
    guarantee: Guarantee
    seconds_taken: float


@dataclass(frozen=True)
class Result:
    """A restored file: where from, where to, in how many seconds, and what to know about it."""

    source: Path
    path: Path
    seconds: float
    seconds_taken: float
    notes: tuple[str, ...]
    guarantee: Guarantee


def restore(audio: Audio, chain: Chain, tick: Tick = no_tick) -> Restored:
    """Runs a chain over a sound and measures what it did; the same input gives the same output.

    Raises:
        Cancelled: from `tick`.
    """
    from pipeline.evaluation.guarantee import measure

    started = time.monotonic()
    after = chain(audio, share(tick, 0, 1 - MEASURE_SHARE))
    taken = time.monotonic() - started
    guarantee = measure(
        audio,
        after,
        kept_below_hz=_kept_below_hz(audio, chain),
        seconds_taken=taken,
        tick=titled(share(tick, 1 - MEASURE_SHARE, 1), "Measuring"),
    )
    return Restored(after, guarantee, taken)


def _kept_below_hz(audio: Audio, chain: Chain) -> float | None:
    """Where the original stays, if every stage of the chain keeps one; the lowest counts."""
    keeping = [stage for stage in chain.stages if isinstance(stage, KeepsBand)]
    limits = [limit for stage in keeping if (limit := stage.kept_below_hz(audio)) is not None]
    return min(limits) if limits and len(limits) == len(chain.stages) else None


def restore_file(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    chain: Chain,
    tick: Tick = no_tick,
    *,
    kind: str | None = None,
    max_seconds: float | None = None,
    avoid: Collection[Path] = (),
) -> Result:
    """Restores one file into `folder` (made when missing) under the same stem.

    Args:
        kind: a key of KINDS; None keeps FLAC and otherwise writes WAV, with at least the input's
            bit depth. A result above full scale becomes 32-bit float WAV, which `notes` says.
        max_seconds: the longest sound accepted; None for any.
        avoid: resolved paths that are never written to: other inputs, other inputs' outputs.

    Raises:
        AudioError: the file cannot be read, the result cannot be written, or it would overwrite the
            input or one of `avoid`. Nothing is left behind then.
        Cancelled: from `tick`; nothing is left behind.
    """
    source, folder = Path(source), Path(folder)
    avoid = {source.resolve(), *avoid}
    path = output_path(source, folder, kind)
    refuse_overwriting(source, path, avoid)
    reading = titled(share(tick, 0, LOAD_SHARE), "Reading")
    audio = load(source, max_seconds=max_seconds, tick=reading)
    made = restore(audio, chain, share(tick, LOAD_SHARE, 1 - SAVE_SHARE))
    path, subtype, notes = fit(made.audio, path, subtype_for(source, kind))
    refuse_overwriting(source, path, avoid)
    make_folder(folder)
    writing = titled(share(tick, 1 - SAVE_SHARE, 1), "Writing")
    save(made.audio, path, subtype=subtype, tick=writing)
    return Result(source, path, audio.seconds, made.seconds_taken, notes, made.guarantee)


def output_path(source: Path, folder: Path, kind: str | None = None) -> Path:
    """Where the restored `source` goes: its stem in `folder`, with the suffix of `kind`.

    Raises:
        AudioError: an unknown kind.
    """
    if kind is not None and kind not in KINDS:
        raise AudioError(f"format: got {kind!r}, expected one of {', '.join(KINDS)}")
    kept = ".flac" if source.suffix.lower() == ".flac" else ".wav"
    return folder / f"{source.stem}{KINDS[kind][0] if kind else kept}"


def refuse_overwriting(source: Path, path: Path, avoid: Collection[Path]) -> None:
    """Raises `AudioError` when `path` is one of the resolved paths `avoid`, by whatever name."""
    if path.resolve() in avoid:
        raise AudioError(
            f"{source.name}: would overwrite {path}, another file of this run or the input itself; "
            "choose another output folder or format"
        )


def subtype_for(source: Path, kind: str | None) -> str | None:
    """The subtype that a result of `source` gets: that of `kind`, else at least as deep."""
    if kind:
        return KINDS[kind][1]
    return _at_least_as_deep(probe(source), source.suffix)


def _at_least_as_deep(info: Info, suffix: str) -> str:
    """24 bits, or 32-bit float for what holds more; a FLAC never holds more."""
    deeper = info.bits > 24 or info.subtype in ("FLOAT", "DOUBLE")
    return "FLOAT" if deeper and suffix.lower() != ".flac" else "PCM_24"


def fit(audio: Audio, path: Path, subtype: str | None) -> tuple[Path, str | None, tuple[str, ...]]:
    """The path and subtype that hold the sound as it is, and what to tell about it."""
    notes = []
    top = peak(audio)
    if top > 1:
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
    return path, subtype, tuple(notes)


def make_folder(folder: Path) -> None:
    """Makes a folder for results where there is none; raises `AudioError` where it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AudioError(f"{folder}: cannot be made ({error.strerror}); choose another") from error
