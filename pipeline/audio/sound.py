"""The currency of the house: `Audio`, and how it is read, written and resampled."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from pipeline.audio import decode, encode
from pipeline.audio.buffers import LONG_SAMPLES, allocate, release, spans
from pipeline.audio.containers import AudioError, Info
from pipeline.audio.encode import writable_rate

__all__ = [
    "LONG_SAMPLES", "Audio", "AudioError", "Info", "allocate", "load", "peak", "probe", "release",
    "resample", "save", "spans", "writable_rate",
]  # fmt: skip

Progress = Callable[[float], None]


def _unwatched(fraction: float) -> None:
    pass


@dataclass(frozen=True, eq=False)
class Audio:
    """A sound: read-only float32 samples and their rate. Never clipped or rescaled silently.

    Attributes:
        samples: (channels, time), nominally in [-1, 1]; a long sound's is a memory-mapped file.
        rate: Hz.

    Raises:
        AudioError: (a ValueError) not 2-D, empty, not floating point, not finite, or no rate.
    """

    samples: np.ndarray
    rate: int

    def __post_init__(self) -> None:
        samples = self.samples
        if samples.ndim != 2 or not samples.size or samples.dtype.kind != "f":
            got = f"{samples.dtype} of shape {samples.shape}"
            raise AudioError(f"samples: got {got}, expected floats (channels, time), not empty")
        if self.rate != int(self.rate) or self.rate < 1:
            raise AudioError(f"rate: got {self.rate}, expected a whole number of Hz above 0")
        with np.errstate(over="ignore"):
            view = np.asarray(samples, np.float32).view()
        view.setflags(write=False)
        object.__setattr__(self, "samples", view)
        object.__setattr__(self, "rate", int(self.rate))
        _check_finite(self)

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def _check_finite(audio: Audio) -> None:
    for start, stop in spans(audio.frames):
        finite = np.isfinite(audio.samples[:, start:stop])
        release(audio.samples, start, stop)
        if not finite.all():
            channel, offset = np.argwhere(~finite)[0]
            at = start + int(offset)
            raise AudioError(
                f"got {audio.samples[channel, at]} in channel {channel} at {at / audio.rate:.3f} s"
                ", expected finite samples; export the sound again without NaN or infinity"
            )


def peak(audio: Audio) -> float:
    """The largest magnitude of any sample; full scale is 1."""
    largest = 0.0
    for start, stop in spans(audio.frames):
        block = audio.samples[:, start:stop]
        largest = max(largest, float(block.max()), -float(block.min()))
        release(audio.samples, start, stop)
    return largest


def probe(path: str | os.PathLike[str]) -> Info:
    """What a sound file holds, without decoding it (`frames` is an estimate for what ffmpeg reads).

    Raises:
        AudioError: missing, empty, truncated, or not a sound.
    """
    return decode.probe(Path(path))


def load(
    path: str | os.PathLike[str], *, max_seconds: float | None = None, tick: Progress = _unwatched
) -> Audio:
    """Reads a sound file of any kind soundfile or ffmpeg knows: 1 to 8 channels, 8 to 192 kHz.

    Args:
        max_seconds: the longest sound accepted; None for any.
        tick: told the fraction read after each block; may raise to stop.

    Raises:
        AudioError: with file name, reason and cure, for everything that can be wrong with a file.
    """
    path = Path(path)
    samples, rate = decode.read(path, max_seconds, tick)
    try:
        return Audio(samples, rate)
    except AudioError as error:
        raise AudioError(f"{path.name}: {error}") from error


def save(
    audio: Audio,
    path: str | os.PathLike[str],
    *,
    subtype: str | None = None,
    over: str = "error",
    tick: Progress = _unwatched,
) -> Path:
    """Writes a sound file, whole or not at all; the suffix chooses the format.

    Integer formats get plain rounding and no dither, so that 16 bits read and written are the same
    16 bits. MP3 and Opus are resampled to `writable_rate` where they do not know the sound's rate.

    Args:
        path: ends in .wav, .flac, .mp3, .opus or .ogg (Opus); its folder exists.
        subtype: "PCM_16", "PCM_24" (default of WAV and FLAC) or "FLOAT" (WAV).
        over: what to do with samples above full scale in an integer format: "error", "clip", or
            "float" (WAV only: write 32-bit float instead). The lossy formats take them as they are.
        tick: told the fraction written after each block; may raise to stop.

    Returns:
        `path`.

    Raises:
        AudioError: unknown suffix or subtype, too many channels, above full scale, or no room.
    """
    path = Path(path)
    if over not in ("error", "clip", "float"):
        raise AudioError(f"over: got {over!r}, expected 'error', 'clip' or 'float'")
    subtype = encode.choose_subtype(path, subtype, audio.channels, peak(audio), over)
    fitting = resample(audio, writable_rate(path, audio.rate))
    encode.write(fitting.samples, fitting.rate, path, subtype, tick)
    return path


def resample(audio: Audio, rate: int, *, tick: Progress = _unwatched) -> Audio:
    """The same sound at another rate, without delay and of exactly the matching length.

    The length is frames * rate / audio.rate, rounded half up, at least 1. It works block by block.
    Source: libsoxr's "VHQ" setting (28 bits, pass band to 0.91 of the lower Nyquist frequency).

    Args:
        rate: Hz, above 0.
        tick: told the fraction done after each block; may raise to stop.
    """
    if rate == audio.rate:
        return audio
    if rate < 1:
        raise AudioError(f"rate: got {rate}, expected a whole number of Hz above 0")
    frames = max(1, (2 * audio.frames * rate + audio.rate) // (2 * audio.rate))
    out = allocate(audio.channels, frames)
    stream = soxr.ResampleStream(audio.rate, rate, audio.channels, "float32", "VHQ")
    at = 0
    for start, stop in spans(audio.frames):
        block = np.ascontiguousarray(audio.samples[:, start:stop].T)  # (C, T) -> (T, C)
        made = stream.resample_chunk(block, last=stop == audio.frames)[: frames - at]
        out[:, at : at + len(made)] = made.T
        release(out, at, at + len(made))
        release(audio.samples, start, stop)
        at += len(made)
        tick(stop / audio.frames)
    return Audio(out, rate)
