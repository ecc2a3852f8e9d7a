"""Sound under odd names, and names that stand for no ordinary file: links, folders, pipes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tests.support.zoo.specimen import (
    BAD,
    EITHER,
    GOOD,
    Specimen,
    pick,
    sound_file,
    written,
)

NAMES = (
    *(" ", "a  b", "'", '"', "`id`", "$HOME", "<b>", "[red]x", "%s %d {0}", "a;b|c"),
    *("\n", "a\nb", "\t", "\r", "\x1b[2J\x1b[31m", "\x07", "\\", "*", "?", "~", "#", "&amp;"),
    *("音楽", "e\u0301", "\u202egnp", "\U0001f3b5", "\ufeff", "\u2028", "\udcff\udcfe", "..", ":"),
)
"""Parts of names; the last but two is no UTF-8."""

STARTS = ("-", "--", "-o ", "--help ", "@", "file:", "http:", "~", "concat:")
SPARSE_BYTES = 64 << 20


def named(place: Path, rng: np.random.Generator) -> Specimen:
    odd = place.with_name(f"{place.name}{pick(rng, NAMES)}")
    return written(odd, "wav", sound_file(rng, "wav"), GOOD)


def named_and_bad(place: Path, rng: np.random.Generator) -> Specimen:
    odd = place.with_name(f"{place.name}{pick(rng, NAMES)}")
    return written(odd, "wav", sound_file(rng, "wav")[:40], BAD)


def name_start(place: Path, rng: np.random.Generator) -> Specimen:
    odd = place.with_name(f"{pick(rng, STARTS)}{place.name}")
    return written(odd, "wav", sound_file(rng, "wav"), GOOD)


def long_name(place: Path, rng: np.random.Generator) -> Specimen:
    """Up to the 255 bytes that file systems allow; no room for the names of stems."""
    letter = str(pick(rng, ("x", "ß", "音")))
    room = int(rng.integers(150, 252)) - len(os.fsencode(place.name))
    odd = place.with_name(place.name + letter * (room // len(letter.encode())))
    return written(odd, "wav", sound_file(rng, "wav"), EITHER)


def no_suffix(place: Path, rng: np.random.Generator) -> Specimen:
    suffix = str(pick(rng, ("WAV", "wav.bak", "", "txt", "json", "wav ")))
    return written(place, suffix, sound_file(rng, "wav"), GOOD)


def link(place: Path, rng: np.random.Generator) -> Specimen:
    """To a sound, to nothing, to itself, to a folder, or to a device without end."""
    path = place.with_name(f"{place.name}.wav")
    sound = written(place.with_name(f".{place.name} target"), "wav", sound_file(rng, "wav"), GOOD)
    targets = ((sound.path.name, GOOD), ("nowhere.wav", BAD), (path.name, BAD))
    target, expect = pick(rng, (*targets, ("/dev/zero", BAD)))  # type: ignore[misc]
    path.symlink_to(target)
    return Specimen(path, expect)


def folder(place: Path, rng: np.random.Generator) -> Specimen:
    path = place.with_name(f"{place.name}.wav")
    path.mkdir()
    return Specimen(path, BAD)


def pipe(place: Path, rng: np.random.Generator) -> Specimen:
    """Nobody writes to it: whoever opens it waits."""
    path = place.with_name(f"{place.name}.wav")
    os.mkfifo(path)
    return Specimen(path, BAD)


def unreadable(place: Path, rng: np.random.Generator) -> Specimen:
    """By its rights; the superuser reads it all the same."""
    specimen = written(place, "wav", sound_file(rng, "wav"), EITHER)
    specimen.path.chmod(0)
    return specimen


def sparse(place: Path, rng: np.random.Generator) -> Specimen:
    """A large file of zeros that takes no room."""
    specimen = written(place, str(pick(rng, ("wav", "mp3", "flac", "m4a"))), b"", BAD)
    with specimen.path.open("r+b") as file:
        file.truncate(int(rng.integers(1 << 16, SPARSE_BYTES)))
    return specimen


def missing(place: Path, rng: np.random.Generator) -> Specimen:
    """A name that nothing has."""
    return Specimen(place.with_name(f"{place.name}.wav"), BAD)


KINDS = (
    *(named, named_and_bad, name_start, long_name, no_suffix, link, folder, pipe, unreadable),
    *(sparse, missing),
)
