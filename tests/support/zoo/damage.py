"""Files that are no sound, and sound files that were damaged after they had been written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.zoo.specimen import (
    BAD,
    EITHER,
    GOOD,
    Specimen,
    pick,
    sound_file,
    suffixes,
    written,
)

SUFFIXES = ("wav", "flac", "mp3", "ogg", "opus", "m4a", "aiff", "wma", "aac", "w64", "mkv", "amr")
CHECKED = ("wav", "aiff", "flac", "ogg", "opus", "w64", "rf64", "caf", "m4a")
"""Formats in which a missing end is always noticed."""

TEXTS = (
    b"Artist - Title\n",
    b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
    b"#EXTM3U\nfile:///etc/passwd\n",
    b'{"version": 1, "stages": []}\n',
    "Übermut täuscht; 音\n".encode(),
    b"ffconcat version 1.0\nfile other.wav\n",
    b"%PDF-1.4\n",
    b"PK\x03\x04",
    b"\x89PNG\r\n\x1a\n",
)


def empty(place: Path, rng: np.random.Generator) -> Specimen:
    return written(place, str(pick(rng, SUFFIXES)), b"", BAD)


def few_bytes(place: Path, rng: np.random.Generator) -> Specimen:
    return written(place, str(pick(rng, SUFFIXES)), rng.bytes(int(rng.integers(1, 20))), BAD)


def text(place: Path, rng: np.random.Generator) -> Specimen:
    content = bytes(pick(rng, TEXTS)) * int(rng.integers(1, 100))  # type: ignore[call-overload]
    return written(place, str(pick(rng, SUFFIXES)), content, BAD)


def noise(place: Path, rng: np.random.Generator) -> Specimen:
    """Random bytes; a decoder may take them for frames of MPEG audio."""
    content = rng.bytes(int(rng.integers(20, 20_000)))
    return written(place, str(pick(rng, SUFFIXES)), content, EITHER)


def truncated(place: Path, rng: np.random.Generator) -> Specimen:
    suffix = str(pick(rng, suffixes()))
    content = sound_file(rng, suffix)
    cut = content[: int(len(content) * rng.uniform(0.02, 0.95))]
    return written(place, suffix, cut, BAD if suffix in CHECKED else EITHER)


def head_only(place: Path, rng: np.random.Generator) -> Specimen:
    """The first 4 to 64 bytes."""
    suffix = str(pick(rng, suffixes()))
    return written(place, suffix, sound_file(rng, suffix)[: int(rng.integers(4, 64))], EITHER)


def flipped_bits(place: Path, rng: np.random.Generator) -> Specimen:
    suffix = str(pick(rng, suffixes()))
    content = np.frombuffer(sound_file(rng, suffix), np.uint8).copy()
    where = rng.integers(0, content.size, int(rng.integers(1, 50)))
    content[where] ^= (1 << rng.integers(0, 8, where.size)).astype(np.uint8)
    return written(place, suffix, content.tobytes(), EITHER)


def overwritten(place: Path, rng: np.random.Generator) -> Specimen:
    """A stretch of zeros or of rubbish, as a failing disk leaves it."""
    suffix = str(pick(rng, suffixes()))
    content = bytearray(sound_file(rng, suffix))
    start = int(rng.integers(len(content)))
    n = min(int(rng.integers(1, 2_000)), len(content) - start)
    content[start : start + n] = bytes(n) if rng.random() < 0.5 else rng.bytes(n)
    return written(place, suffix, bytes(content), EITHER)


def missing_middle(place: Path, rng: np.random.Generator) -> Specimen:
    suffix = str(pick(rng, suffixes()))
    content = sound_file(rng, suffix)
    start, stop = sorted(int(at) for at in rng.integers(0, len(content), 2))
    return written(place, suffix, content[:start] + content[stop:], EITHER)


def shifted(place: Path, rng: np.random.Generator) -> Specimen:
    """Rubbish before the sound."""
    suffix = str(pick(rng, suffixes()))
    content = rng.bytes(int(rng.integers(1, 500))) + sound_file(rng, suffix)
    return written(place, suffix, content, EITHER)


def concatenated(place: Path, rng: np.random.Generator) -> Specimen:
    """Two files in one, of the same or of two formats."""
    first, second = (str(pick(rng, suffixes())) for _ in range(2))
    content = sound_file(rng, first) + sound_file(rng, second)
    return written(place, first, content, GOOD if first == "wav" else EITHER)


def appended(place: Path, rng: np.random.Generator) -> Specimen:
    """Rubbish or zeros after the sound."""
    suffix, n = str(pick(rng, suffixes())), int(rng.integers(1, 9_000))
    rest = bytes(n) if rng.random() < 0.5 else rng.bytes(n)
    expect = GOOD if suffix in ("wav", "aiff", "w64") else EITHER
    return written(place, suffix, sound_file(rng, suffix) + rest, expect)


KINDS = (
    *(empty, few_bytes, text, noise, truncated, head_only, flipped_bits, overwritten),
    *(missing_middle, shifted, concatenated, appended),
)
