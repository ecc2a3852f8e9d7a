"""The head of an MP3 file: where its sound begins, and what its first frame states."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

TAG_BYTES = 1 << 17
"""Bytes of tags that may follow the sound: ID3v1, APE, lyrics."""


def extent(file: BinaryIO, size: int) -> tuple[int, int]:
    """(bytes of sound that the Xing or Info tag states, bytes that are there); zeros without it."""
    start, frame = _first_frame(file)
    tag = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags, *numbers = struct.unpack(">4xIII", frame[max(tag, 0) :][:16].ljust(16, b"\0"))
    if tag < 0 or not flags & 2:
        return 0, 0
    stated, present = numbers[flags & 1], size - start
    return stated, stated if stated <= present <= stated + TAG_BYTES else present


def states_its_length(path: Path) -> bool:
    """Whether the first frame carries the frame count (Xing, Info or VBRI tag).

    libsndfile guesses the length of a file that does not, and then stops reading there.
    """
    with path.open("rb") as file:
        _, frame = _first_frame(file)
    return any(tag in frame for tag in (b"Xing", b"Info", b"VBRI"))


def _first_frame(file: BinaryIO) -> tuple[int, bytes]:
    """Where the sound begins, after an ID3v2 tag, and the bytes there."""
    file.seek(0)
    head, start = file.read(10), 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum(
            part << shift for part, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    file.seek(start)
    return start, file.read(4096)
