"""A specimen of the zoo, and the short sounds that most specimens are made of."""

from __future__ import annotations

import functools
import io
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio import ffmpeg, ogg
from tests.support.helpers import run_ffmpeg

GOOD, BAD, EITHER = "good", "bad", "either"

SUBTYPES = {"opus": ("OGG", "OPUS"), "ogg": ("OGG", "VORBIS"), "rf64": ("RF64", "PCM_16")}
BY_SOUNDFILE = ("wav", "flac", "aiff", "au", "caf", "w64", "rf64", "ogg", "opus", "mp3")
BY_FFMPEG = ("m4a", "aac", "wma", "webm", "ac3")
RATES = (8_000, 11_025, 16_000, 44_100, 48_000)


@dataclass(frozen=True)
class Specimen:
    """A bad or odd file.

    Attributes:
        path: the file, link, folder or pipe.
        expect: GOOD is processed, BAD is refused; EITHER may be both, but nothing else.
    """

    path: Path
    expect: str


Kind = Callable[[Path, np.random.Generator], Specimen]
"""Makes a specimen; its name begins with that of the path, which has no suffix yet."""


def pick(rng: np.random.Generator, choices: tuple) -> object:
    return choices[int(rng.integers(len(choices)))]


def samples(rng: np.random.Generator, rate: int, channels: int = 1) -> np.ndarray:
    """(time, channels): 0.05 to 0.3 s of a tone, noise and a click."""
    time = np.arange(round(rate * rng.uniform(0.05, 0.3)))[:, None] / rate
    tone = 0.3 * np.sin(2 * np.pi * rng.uniform(50, 0.4 * rate) * time)
    sound = tone + rng.normal(0, 0.03, (len(time), channels))
    sound[int(rng.integers(len(time)))] += 0.4
    return np.clip(sound, -0.99, 0.99)


def encoded(sound: np.ndarray, rate: int, suffix: str, subtype: str | None = None) -> bytes:
    """The file that libsndfile writes, without what differs from run to run."""
    container, default = SUBTYPES.get(suffix, (suffix.upper(), None))
    file = io.BytesIO()
    soundfile.write(file, sound, rate, subtype or default, format=container)
    content = bytearray(file.getvalue())
    if content[:4] == b"OggS":
        _number_stream(content)
    if (at := content.find(b"PEAK", 0, 200)) >= 0:
        content[at + 12 : at + 16] = bytes(4)  # the time of writing
    return bytes(content)


def _number_stream(content: bytearray) -> None:
    """Gives every page of an Ogg file the stream number 1 instead of a random one."""
    start = 0
    while start < len(content):
        table = content[start + 27 : start + 27 + content[start + 26]]
        page = content[start : (stop := start + 27 + len(table) + sum(table))]
        page[14:18], page[22:26] = struct.pack("<I", 1), bytes(4)
        page[22:26] = struct.pack("<I", ogg.checksum(bytes(page)))
        content[start:stop] = page
        start = stop


@functools.cache
def _by_ffmpeg(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "a.wav"), Path(name, f"a.{suffix}")
        soundfile.write(source, samples(np.random.default_rng(0), 48_000), 48_000)
        run_ffmpeg("-i", source, "-map_metadata", "-1", "-bitexact", target)
        return target.read_bytes()


def sound_file(rng: np.random.Generator, suffix: str) -> bytes:
    """A sound whole and sound, in any format of BY_SOUNDFILE and BY_FFMPEG."""
    if suffix in BY_FFMPEG:
        return _by_ffmpeg(suffix)
    rate = 48_000 if suffix == "opus" else int(pick(rng, RATES))
    return encoded(samples(rng, rate, int(rng.integers(1, 3))), rate, suffix)


def suffixes() -> tuple[str, ...]:
    """The formats that specimens can be made of on this machine."""
    return (*BY_SOUNDFILE, *(BY_FFMPEG if ffmpeg.available() else ()))


def written(place: Path, suffix: str, content: bytes, expect: str) -> Specimen:
    """Writes a specimen: the name of `place` and the suffix."""
    path = place.with_name(f"{place.name}.{suffix}")
    path.write_bytes(content)
    return Specimen(path, expect)
