"""Sound through an encoder of ffmpeg and back, for codecs that soundfile does not have."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from pipeline.audio import ffmpeg
from pipeline.files import temporary_file

ENCODING_SHARE = 0.7
"""The share of the time that encoding takes; decoding takes the rest."""


@dataclass(frozen=True)
class Encoder:
    """An encoder of ffmpeg.

    Attributes:
        name: as `ffmpeg -encoders` lists it.
        suffix: of a file that can hold its output.
        options: further arguments, such as ("-b:a", "64k").
    """

    name: str
    suffix: str
    options: tuple[str, ...] = ()


@functools.cache
def encoders() -> frozenset[str]:
    """The names of all encoders that this machine's ffmpeg has; none where it is missing."""
    if not ffmpeg.available():
        return frozenset()
    command = ["ffmpeg", "-v", "error", "-encoders"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = [line.split() for line in listed.splitlines()]
    return frozenset(row[1] for row in rows if len(row) > 2)


def missing(name: str) -> str:
    """Why an encoder cannot be used, and the cure; "" if it can be used."""
    if name in encoders():
        return ""
    if not ffmpeg.available():
        return "it needs ffmpeg, which is not installed; install it (apt-get install ffmpeg)"
    return f"this machine's ffmpeg has no encoder {name}; choose another codec, or install one"


def transcoded(
    samples: np.ndarray,
    rate: int,
    encoder: Encoder,
    tick: Callable[[float], None] = lambda fraction: None,
) -> np.ndarray:
    """(C, T) after the codec, with whatever delay and padding it has: (C, T').

    Args:
        tick: called with the fraction done every tenth of a second; what it raises ends ffmpeg.

    Raises:
        ValueError: ffmpeg or the encoder is missing, or the encoder refuses rate or channels.
    """
    if problem := missing(encoder.name):
        raise ValueError(problem)
    channels = len(samples)
    raw = ("-f", "f32le", "-ar", str(rate), "-ac", str(channels))
    with tempfile.TemporaryDirectory() as folder, temporary_file() as decoded:
        plain, coded = Path(folder, "plain"), Path(folder, f"coded{encoder.suffix}")
        np.ascontiguousarray(samples.T, dtype="<f4").tofile(plain)
        encode = (*raw, "-i", str(plain), "-c:a", encoder.name, *encoder.options, str(coded))
        with temporary_file() as nothing:
            _call(encode, nothing, lambda n_bytes: tick(0.0))
        _call(("-i", str(coded), *raw, "pipe:1"), decoded, lambda n_bytes: tick(ENCODING_SHARE))
        tick(1.0)
        decoded.seek(0)
        flat = np.frombuffer(decoded.read(), dtype="<f4")
    return flat.reshape(-1, channels).T.astype(np.float32)


def _call(arguments: tuple[str, ...], target: IO[bytes], watch: Callable[[int], None]) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", *arguments]
    with temporary_file() as complaints:
        if ffmpeg.run(command, target, complaints, watch):
            lines = ffmpeg.tail(complaints).splitlines() or ["no reason given"]
            raise ValueError(f"ffmpeg: {lines[-1]}")
