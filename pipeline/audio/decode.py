"""From a sound file to an array of samples: soundfile, or ffmpeg for what soundfile cannot read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from pipeline.audio import ffmpeg
from pipeline.audio.buffers import allocate_gradually, blocks
from pipeline.audio.containers import Info, check_complete, cut_short
from pipeline.audio.decoder_messages import decoder_messages
from pipeline.audio.mpeg import states_its_length
from pipeline.audio.sound import Audio, AudioError
from pipeline.files import StorageError

MIN_RATE, MAX_RATE = 8_000, 192_000
MAX_CHANNELS = 8
SAMPLES_PER_SECOND = 2 * MAX_RATE
"""Of all channels together, where the length is limited: stereo at 192 kHz, 8 channels at 48."""

DAMAGED = "The file is damaged: parts of it could not be decoded ({})."

MP3_SLACK_FRAMES = 2 * 1152
"""An MP3 may end this much before the length its tag states and still be whole."""

_DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


def _no_tick(fraction: float) -> None:
    pass


class Decoded(NamedTuple):
    """A sound read from a file, and what the file is."""

    audio: Audio
    info: Info


def probe(path: str | os.PathLike[str]) -> Info:
    """What a sound file holds, without decoding it (`frames` is an estimate for what ffmpeg reads).

    Raises:
        AudioError: missing, empty, truncated, or not a sound.
    """
    path = Path(path)
    with _readable(path):
        notes = check_complete(path)
        try:
            with _soundfile(path) as sound:
                return replace(_info(sound), notes=notes)
        except soundfile.SoundFileError:
            return replace(ffmpeg.probe(path), notes=notes)


def load(
    path: str | os.PathLike[str],
    *,
    max_seconds: float | None = None,
    tick: Callable[[float], None] = _no_tick,
) -> Audio:
    """The sound of `decode`, without what the file is."""
    return decode(path, max_seconds=max_seconds, tick=tick).audio


def decode(
    path: str | os.PathLike[str],
    *,
    max_seconds: float | None = None,
    tick: Callable[[float], None] = _no_tick,
) -> Decoded:
    """Reads a sound file of any kind soundfile or ffmpeg knows: 1 to 8 channels, 8 to 192 kHz.

    Args:
        max_seconds: the longest sound accepted, and SAMPLES_PER_SECOND times as many samples of all
            channels; None for any.
        tick: called with the fraction read after each block; may raise to stop.

    Raises:
        AudioError: with file name, reason and cure, for everything that can be wrong with a file.
    """
    path = Path(path)
    with _readable(path):
        notes = check_complete(path)
        samples, info = _read(path, max_seconds, tick)
    try:
        info = replace(info, frames=samples.shape[1], notes=(*notes, *info.notes))
        return Decoded(Audio(samples, info.rate), info)
    except AudioError as error:
        raise AudioError(f"{path.name}: {error}") from error


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what the operating system raises into an `AudioError`."""
    try:
        yield
    except StorageError as error:
        raise AudioError(f"{path.name}: {error}") from error
    except OSError as error:
        why = error.strerror or error
        raise AudioError(f"{path.name}: cannot be read ({why}); check the drive") from error


def _read(
    path: Path, max_seconds: float | None, tick: Callable[[float], None]
) -> tuple[np.ndarray, Info]:
    """(samples (channels, time) float32, what the file is); see `decode`."""
    with _opened(path, max_seconds, tick) as (sound, info, messages):
        _check_limits(path, _info(sound), max_seconds)
        with allocate_gradually(sound.channels, sound.frames) as (samples, reserve):
            try:
                done = _fill(samples, sound, reserve, tick, messages)
            except soundfile.SoundFileError as error:
                raise AudioError(cut_short(path, f"or damaged: {reason(error)}")) from error
        slack = MP3_SLACK_FRAMES if sound.format == "MP3" else 0
        if done + slack < sound.frames or not done:
            raise AudioError(cut_short(path, f"{done} of {sound.frames} samples are there"))
        notes = (DAMAGED.format(messages[-1]),) if messages else ()
        return samples[:, :done], replace(info, rate=sound.samplerate, notes=notes)


@contextlib.contextmanager
def _soundfile(path: Path) -> Iterator[soundfile.SoundFile]:
    """Opens by descriptor, so that a name such as "-" or "x.raw" means nothing special."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        with decoder_messages():
            sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
        unsure = sound.format == "MP3" and not states_its_length(path)
        if unsure or not 0 <= sound.frames < 1 << 60:
            raise soundfile.SoundFileRuntimeError("the file does not state its length")
        yield sound


@contextlib.contextmanager
def _opened(
    path: Path, max_seconds: float | None, tick: Callable[[float], None]
) -> Iterator[tuple[soundfile.SoundFile, Info, list[str]]]:
    """Yields the open file, what it is, and what its decoder complained about so far."""
    max_samples = None if max_seconds is None else max_seconds * SAMPLES_PER_SECOND
    messages: list[str] = []
    with contextlib.ExitStack() as stack:
        try:
            sound = stack.enter_context(_soundfile(path))
            info = _info(sound)
        except soundfile.SoundFileError:
            decoding = ffmpeg.decoded(path, max_seconds, max_samples, tick)
            file, info, messages = stack.enter_context(decoding)
            sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
        yield sound, info, messages


def _info(sound: soundfile.SoundFile) -> Info:
    return Info(
        rate=sound.samplerate,
        channels=sound.channels,
        frames=sound.frames,
        container=sound.format,
        subtype=sound.subtype,
        bits=_DEPTHS.get(sound.subtype, 16),
    )


def _check_limits(path: Path, info: Info, max_seconds: float | None) -> None:
    if not MIN_RATE <= info.rate <= MAX_RATE:
        got = (
            f"{info.rate} samples a second, expected {MIN_RATE} to {MAX_RATE} Hz; resample it first"
        )
    elif not 1 <= info.channels <= MAX_CHANNELS:
        got = f"{info.channels} channels, expected 1 to {MAX_CHANNELS}; split it first"
    elif not info.frames:
        got = "no samples (0 s of sound), expected at least one; record or export it again"
    elif max_seconds is not None and info.seconds > max_seconds:
        got = f"more than {max_seconds:g} s of sound, which is the limit here; cut it into parts"
    elif max_seconds is not None and info.frames * info.channels > max_seconds * SAMPLES_PER_SECOND:
        got = (
            f"{info.seconds:.0f} s of {info.channels} channels at {info.rate} Hz, which is more "
            "than the limit here; resample it, split its channels, or cut it into parts"
        )
    else:
        return
    raise AudioError(f"{path.name}: got {got}")


def _fill(
    samples: np.ndarray,
    sound: soundfile.SoundFile,
    reserve: Callable[[int, int], None],
    tick: Callable[[float], None],
    messages: list[str],
) -> int:
    """Fills `samples` block by block; returns how many frames the file really had."""
    done, collect = 0, decoder_messages if sound.format == "MP3" else contextlib.nullcontext
    for start, stop in blocks(samples):
        with collect() as complaints:
            block = sound.read(stop - start, "float32", always_2d=True)
        messages += complaints or []
        done = start + len(block)
        reserve(start, done)
        samples[:, start:done] = block.T  # (time, channels) -> (channels, time)
        tick(done / sound.frames)
        if done < stop:
            break
    return done


def reason(error: Exception) -> str:
    """The text of a libsndfile error, without its prefix."""
    return str(error).rsplit("Error : ", 1)[-1].rstrip(". ") or "the decoder gave no reason"
