"""From a sound file to an array of samples: soundfile, or ffmpeg for what soundfile cannot read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio import ffmpeg
from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.containers import Info, check_complete, cut_short, states_its_length
from pipeline.audio.sound import Audio, AudioError

MIN_RATE, MAX_RATE = 8_000, 192_000
MAX_CHANNELS = 8
MP3_SLACK_FRAMES = 2 * 1152
"""An MP3 may end this much before the length its tag states and still be whole."""

_DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


def _no_tick(fraction: float) -> None:
    pass


def probe(path: str | os.PathLike[str]) -> Info:
    """What a sound file holds, without decoding it (`frames` is an estimate for what ffmpeg reads).

    Raises:
        AudioError: missing, empty, truncated, or not a sound.
    """
    path = Path(path)
    check_complete(path)
    try:
        with _soundfile(path) as sound:
            return _info(sound)
    except soundfile.SoundFileError:
        return ffmpeg.probe(path)


def load(
    path: str | os.PathLike[str],
    *,
    max_seconds: float | None = None,
    tick: Callable[[float], None] = _no_tick,
) -> Audio:
    """Reads a sound file of any kind soundfile or ffmpeg knows: 1 to 8 channels, 8 to 192 kHz.

    Args:
        max_seconds: the longest sound accepted; None for any.
        tick: told the fraction read after each block; may raise to stop.

    Raises:
        AudioError: with file name, reason and cure, for everything that can be wrong with a file.
    """
    path = Path(path)
    samples, rate = _read(path, max_seconds, tick)
    try:
        return Audio(samples, rate)
    except AudioError as error:
        raise AudioError(f"{path.name}: {error}") from error


def _read(
    path: Path, max_seconds: float | None, tick: Callable[[float], None]
) -> tuple[np.ndarray, int]:
    """(samples (channels, time) float32, rate in Hz); see `load`."""
    check_complete(path)
    with _opened(path, max_seconds, tick) as sound:
        _check_limits(path, _info(sound), max_seconds)
        samples = _room(path, sound)
        try:
            done = _fill(samples, sound, tick)
        except soundfile.SoundFileError as error:
            raise AudioError(cut_short(path, f"or damaged: {reason(error)}")) from error
        slack = MP3_SLACK_FRAMES if sound.format == "MP3" else 0
        if done + slack < sound.frames or not done:
            raise AudioError(cut_short(path, f"{done} of {sound.frames} samples are there"))
        return samples[:, :done], sound.samplerate


@contextlib.contextmanager
def _soundfile(path: Path) -> Iterator[soundfile.SoundFile]:
    """Opens by descriptor, so that a name such as "-" or "x.raw" means nothing special."""
    with (
        path.open("rb") as file,
        soundfile.SoundFile(file.fileno(), closefd=False) as sound,
    ):
        unsure = sound.format == "MP3" and not states_its_length(path)
        if unsure or not 0 <= sound.frames < 1 << 60:
            raise soundfile.SoundFileRuntimeError("the file does not state its length")
        yield sound


@contextlib.contextmanager
def _opened(
    path: Path, max_seconds: float | None, tick: Callable[[float], None]
) -> Iterator[soundfile.SoundFile]:
    with contextlib.ExitStack() as stack:
        try:
            sound = stack.enter_context(_soundfile(path))
        except soundfile.SoundFileError:
            file = stack.enter_context(ffmpeg.decode(path, max_seconds, tick))
            sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
        yield sound


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
    else:
        return
    raise AudioError(f"{path.name}: got {got}")


def _room(path: Path, sound: soundfile.SoundFile) -> np.ndarray:
    try:
        return allocate(sound.channels, sound.frames)
    except OSError as error:
        raise AudioError(f"{path.name}: {error.strerror}") from error


def _fill(samples: np.ndarray, sound: soundfile.SoundFile, tick: Callable[[float], None]) -> int:
    """Fills `samples` block by block; returns how many frames the file really had."""
    done = 0
    for start, stop in blocks(samples, frames=sound.frames):
        block = sound.read(stop - start, "float32", always_2d=True)
        done = start + len(block)
        samples[:, start:done] = block.T  # (time, channels) -> (channels, time)
        tick(done / sound.frames)
        if done < stop:
            break
    return done


def reason(error: Exception) -> str:
    """The words of a libsndfile error, without its prefix."""
    return str(error).rsplit("Error : ", 1)[-1].rstrip(". ") or "the decoder gave no reason"
