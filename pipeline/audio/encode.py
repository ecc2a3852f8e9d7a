"""From an array of samples to a sound file: whole or not at all, never clipped in silence."""

from __future__ import annotations

import contextlib
import errno
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline.audio.buffers import blocks
from pipeline.audio.decode import reason
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, AudioError, peak
from pipeline.files import StorageError, is_full, write_atomically

BITS = {"PCM_16": 16, "PCM_24": 24}
"""The integer subtypes; the others take samples above full scale."""

RIFF_LIMIT_BYTES = (1 << 32) - (1 << 16)
"""A WAV above this size is written as RF64, which every current reader opens as WAV."""


@dataclass(frozen=True)
class Format:
    """A container we write: its subtypes (default first), limits and encoder settings."""

    container: str
    subtypes: tuple[str, ...]
    max_channels: int = 8
    rates: tuple[int, ...] = ()
    encoder: tuple[tuple[str, Any], ...] = ()


_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_OPUS = Format("OGG", ("OPUS",), 8, _OPUS_RATES, (("compression_level", 0.3),))  # 180 kbit/s
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_BEST_VBR = (("bitrate_mode", "VARIABLE"), ("compression_level", 0.0))

FORMATS = {
    ".wav": Format("WAV", ("PCM_24", "PCM_16", "FLOAT")),
    ".flac": Format("FLAC", ("PCM_24", "PCM_16")),
    ".mp3": Format("MP3", ("MPEG_LAYER_III",), 2, _MP3_RATES, _BEST_VBR),
    ".opus": _OPUS,
    ".ogg": _OPUS,
}


def format_of(path: Path) -> Format:
    """The format a file name's suffix asks for.

    Raises:
        AudioError: a suffix we do not write.
    """
    if (form := FORMATS.get(path.suffix.lower())) is None:
        got = f"cannot write {path.suffix or 'a file without a suffix'!r}"
        raise AudioError(f"{path.name}: {got}, expected one of {' '.join(FORMATS)}")
    return form


def writable_rate(path: Path, rate: int) -> int:
    """The rate in Hz a file of this suffix gets: `rate`, else the next higher one it knows."""
    rates = format_of(path).rates
    if not rates or rate in rates:
        return rate
    return min((r for r in rates if r > rate), default=rates[-1])


def save(
    audio: Audio,
    path: str | os.PathLike[str],
    *,
    subtype: str | None = None,
    over: str = "error",
    tick: Callable[[float], None] = lambda fraction: None,
) -> Path:
    """Writes a sound file, whole or not at all; the suffix chooses the format.

    Integer formats get plain rounding and no dither, so that 16 bits read and written are the same
    16 bits. MP3 and Opus are resampled to `writable_rate` where they do not know the sound's rate.

    Args:
        path: ends in .wav, .flac, .mp3, .opus or .ogg (Opus); its folder exists.
        subtype: "PCM_16", "PCM_24" (default of WAV and FLAC) or "FLOAT" (WAV).
        over: what to do with samples above full scale in an integer format: "error", "clip", or
            "float" (WAV only: write 32-bit float instead). The lossy formats take them as they are.
        tick: called with the fraction written after each block; may raise to stop.

    Returns:
        `path`.

    Raises:
        AudioError: unknown suffix or subtype, too many channels, above full scale, or no room.
    """
    path = Path(path)
    if over not in ("error", "clip", "float"):
        raise AudioError(f"over: got {over!r}, expected 'error', 'clip' or 'float'")
    subtype = _choose_subtype(path, subtype, audio.channels, peak(audio), over)
    fitting = resample(audio, writable_rate(path, audio.rate))
    samples, frames = fitting.samples, fitting.frames
    with writing(path, fitting.rate, fitting.channels, frames, subtype) as sound:
        for start, stop in blocks(samples):
            sound.write(_stored(samples[:, start:stop].T, subtype))  # (C, T) -> (T, C)
            tick(stop / frames)
    return path


def _choose_subtype(
    path: Path, subtype: str | None, channels: int, highest: float, over: str
) -> str:
    """The subtype to write, after every check that needs no file; see `save`."""
    form = format_of(path)
    subtype = subtype or form.subtypes[0]
    if subtype not in form.subtypes:
        known = ", ".join(form.subtypes)
        raise AudioError(f"{path.name}: cannot hold {subtype!r}, expected one of {known}")
    if channels > form.max_channels:
        limit = f"{channels} channels, {path.suffix} holds at most {form.max_channels}"
        raise AudioError(f"{path.name}: got {limit}; write WAV or FLAC")
    if subtype not in BITS or highest <= 1 or over == "clip":
        return subtype
    if over == "float" and "FLOAT" in form.subtypes:
        return "FLOAT"
    level_db = 20 * math.log10(highest)
    raise AudioError(
        f"{path.name}: the sound peaks at {level_db:+.2f} dBFS, {BITS[subtype]}-bit "
        "samples end at 0; write WAV 32-bit float, or lower the gain first"
    )


@contextlib.contextmanager
def writing(
    path: Path, rate: int, channels: int, frames: int, subtype: str
) -> Iterator[soundfile.SoundFile]:
    """Opens a sound file to write (time, channels) blocks to; it is there whole or not at all.

    Args:
        path: its suffix chooses the container; its folder exists.
        frames: how many will be written; a WAV of more than 4 GB becomes RF64.

    Raises:
        AudioError: the file cannot be written; the text names the folder and the cure.
    """
    form = format_of(path)
    large = form.container == "WAV" and 4 * channels * frames > RIFF_LIMIT_BYTES
    container = "RF64" if large else form.container
    options = dict(form.encoder, format=container, closefd=False)
    try:
        with (
            write_atomically(path) as temporary,
            temporary.open("xb") as file,
            soundfile.SoundFile(file.fileno(), "w", rate, channels, subtype, **options) as sound,
        ):
            try:
                yield sound
            except soundfile.SoundFileError:
                if is_full(path.parent):  # libsndfile only says "System error"
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
                raise
    except StorageError as error:
        raise AudioError(f"{path.name}: cannot be written: {error}") from error
    except (OSError, soundfile.SoundFileError, AssertionError) as error:
        why = getattr(error, "strerror", None) or reason(error)
        cure = f"check that {path.parent} may be written to and has room"
        raise AudioError(f"{path.name}: cannot be written ({why}); {cure}") from error


def _stored(block: np.ndarray, subtype: str) -> np.ndarray:
    """What libsndfile gets: for an integer subtype the nearest step, left-aligned in 32 bits.

    libsndfile's own conversion of floats rounds down; plain rounding gives back the same 16 or 24
    bits that were read. +1.0 becomes the highest step.
    """
    if subtype not in BITS:
        return np.ascontiguousarray(block)
    steps = 1 << (BITS[subtype] - 1)
    nearest = np.rint(block * np.float32(steps))
    return np.clip(nearest, -steps, steps - 1).astype(np.int32) << (32 - BITS[subtype])
