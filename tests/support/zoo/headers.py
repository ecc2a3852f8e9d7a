"""Sound files whose headers lie: written field by field, or with one field overwritten."""

from __future__ import annotations

import struct
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

EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80")
EDGES = (1 << 31, 1 << 32)
SLACK = 1 << 14
"""Sizes so close to an edge may stand for an unknown length."""


def chunk(name: bytes, content: bytes, size: int | None = None, order: str = "<") -> bytes:
    return struct.pack(order + "4sI", name, len(content) if size is None else size) + content


def fmt(
    tag: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, order: str = "<"
) -> bytes:
    align = channels * bits // 8
    rates = (rate & 0xFFFFFFFF, rate * align & 0xFFFFFFFF)
    fields = (tag, channels, *rates, align & 0xFFFF, bits)
    return chunk(b"fmt ", struct.pack(order + "HHIIHH", *fields), order=order)


def pcm(rng: np.random.Generator, order: str = "<") -> bytes:
    return rng.integers(-9_000, 9_000, 2_000).astype(order + "i2").tobytes()


def riff(*chunks: bytes, size: int | None = None, name: bytes = b"RIFF", order: str = "<") -> bytes:
    content = b"WAVE" + b"".join(chunks)
    return chunk(name, content, size, order)


def rate(place: Path, rng: np.random.Generator) -> Specimen:
    hz = int(pick(rng, (0, 1, 7_999, 200_000, 1 << 31, (1 << 32) - 1)))
    return written(place, "wav", riff(fmt(rate=hz), chunk(b"data", pcm(rng))), BAD)


def channels(place: Path, rng: np.random.Generator) -> Specimen:
    n = int(pick(rng, (0, 9, 255, 1_024, 32_768, 65_535)))
    return written(place, "wav", riff(fmt(channels=n), chunk(b"data", pcm(rng))), BAD)


def depth(place: Path, rng: np.random.Generator) -> Specimen:
    bits = int(pick(rng, (0, 1, 7, 12, 17, 33, 64, 255, 65_535)))
    return written(place, "wav", riff(fmt(bits=bits), chunk(b"data", pcm(rng))), EITHER)


def code(place: Path, rng: np.random.Generator) -> Specimen:
    tag = int(pick(rng, (0, 2, 3, 6, 17, 49, 80, 85, 0x161, 0xFFFE, int(rng.integers(1 << 16)))))
    return written(place, "wav", riff(fmt(tag), chunk(b"data", pcm(rng))), EITHER)


def sound_size(place: Path, rng: np.random.Generator) -> Specimen:
    """More sound than there is, less, or none."""
    content = pcm(rng)
    size = int(pick(rng, (0, 1, 100, len(content) + 2, *(int(2 ** rng.uniform(13, 32)),) * 3)))
    unknown = any(abs(size - edge) < SLACK for edge in EDGES)
    expect = BAD if size > len(content) and not unknown else EITHER
    return written(place, "wav", riff(fmt(), chunk(b"data", content, size)), expect)


def file_size(place: Path, rng: np.random.Generator) -> Specimen:
    size = int(pick(rng, (0, 1, 36, 1 << 31, (1 << 32) - 1, int(rng.integers(1 << 32)))))
    return written(place, "wav", riff(fmt(), chunk(b"data", pcm(rng)), size=size), EITHER)


def more_chunks(place: Path, rng: np.random.Generator) -> Specimen:
    """Chunks of 0 bytes before the sound: a few, or more than any program writes."""
    n = int(pick(rng, (1, 10, 1_000, 5_000, 100_000)))
    name = bytes(pick(rng, (b"LIST", b"junk", b"bext", bytes(4))))  # type: ignore[call-overload]
    content = riff(fmt(), chunk(name, b"") * n, chunk(b"data", pcm(rng)))
    return written(place, "wav", content, BAD if n > 4_096 else EITHER)


def chunk_order(place: Path, rng: np.random.Generator) -> Specimen:
    """Without a format, without sound, with the two exchanged or doubled, or one within one."""
    data, form = chunk(b"data", pcm(rng)), fmt()
    orders = ((data,), (form,), (data, form), (form, data, data), (form, form, data))
    inside = (chunk(b"LIST", form + data), chunk(b"LIST", form, 1 << 31), form + b"data")
    chunks = pick(rng, (*orders, *((c,) for c in inside), ()))
    return written(place, "wav", riff(*chunks), EITHER)  # type: ignore[misc]


def zeros(place: Path, rng: np.random.Generator) -> Specimen:
    """A magic number, and then nothing."""
    starts = (b"RIFF????WAVE", b"RF64????WAVE", b"RIFX????WAVE", b"FORM????AIFF", b"FORM????AIFC")
    others = (b"riff", b"OggS", b"fLaC", b"caff", b".snd", b"ID3", b"\xff\xfb", b"....ftypM4A ")
    start = bytes(pick(rng, (*starts, *others)))  # type: ignore[call-overload]
    path = written(place, "wav", start, BAD).path
    with path.open("r+b") as file:
        file.truncate(int(2 ** rng.uniform(5, 22)))
    return Specimen(path, BAD)


def big_endian(place: Path, rng: np.random.Generator) -> Specimen:
    content = riff(
        fmt(order=">"), chunk(b"data", pcm(rng, ">"), order=">"), name=b"RIFX", order=">"
    )
    return written(place, "wav", content, GOOD)


def long_wave(place: Path, rng: np.random.Generator) -> Specimen:
    """RF64: the true sizes are in a chunk of their own."""
    content = pcm(rng)
    size = int(pick(rng, (len(content), 0, len(content) + 2, 1 << 40, (1 << 64) - 1)))
    sizes = chunk(b"ds64", struct.pack("<QQQI", len(content) + 72, size, len(content) // 2, 0))
    edge = (1 << 32) - 1
    whole = riff(sizes, fmt(), chunk(b"data", content, edge), size=edge, name=b"RF64")
    return written(place, "wav", whole, GOOD if size == len(content) else EITHER)


def flac_length(place: Path, rng: np.random.Generator) -> Specimen:
    """A length that the file does not have."""
    content = bytearray(sound_file(rng, "flac"))
    field = int.from_bytes(content[21:26], "big")
    stated = int(2 ** rng.uniform(17, 36)) - 1
    content[21:26] = (field >> 36 << 36 | stated).to_bytes(5, "big")
    return written(place, "flac", bytes(content), BAD)


def extreme_field(place: Path, rng: np.random.Generator) -> Specimen:
    """All ones, all zeros or a sign bit somewhere in the header of any format."""
    suffix = str(pick(rng, suffixes()))
    content = bytearray(sound_file(rng, suffix))
    start, n = int(rng.integers(0, 80)), int(pick(rng, (1, 2, 4, 8)))
    content[start : start + n] = bytes(pick(rng, EXTREMES)) * n  # type: ignore[call-overload]
    return written(place, suffix, bytes(content), EITHER)


KINDS = (
    *(rate, channels, depth, code, sound_size, file_size, more_chunks, chunk_order, zeros),
    *(big_endian, long_wave, flac_length, extreme_field),
)
