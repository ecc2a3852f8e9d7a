"""The head and the last frame of a FLAC file. Source: RFC 9639, sections 8.2 and 9.1."""

from __future__ import annotations

import os
from typing import BinaryIO

TAIL_BYTES = 1 << 18
"""The last frame's head is searched in so many bytes: more than a usual frame has."""

BLOCK_BYTES, RATE_BYTES = {6: 1, 7: 2}, {12: 1, 13: 2, 14: 2}
"""Bytes at the end of a frame's head that some codes of block size and rate ask for."""


def extent(file: BinaryIO, size: int) -> tuple[int, int]:
    """(samples a channel that STREAMINFO states, samples that are there at least).

    Zeros where nothing is stated. The second number is never below the first: the decoder itself
    finds out that a FLAC file is cut short.
    """
    file.seek(8)
    info = file.read(34)
    stated = int.from_bytes(info[13:18], "big") & ((1 << 36) - 1)
    if len(info) < 34 or not stated:
        return 0, 0
    block = int.from_bytes(info[:2], "big")
    file.seek(max(size - TAIL_BYTES, 42), os.SEEK_SET)
    tail = file.read(TAIL_BYTES)
    at = len(tail)
    while (at := tail.rfind(b"\xff", 0, at)) >= 0:
        begin = _frame_start(tail[at : at + 16], block)
        if begin is not None:
            return stated, max(stated, begin + 1)
    return stated, stated


def _frame_start(head: bytes, block: int) -> int | None:
    """The sample a frame begins with; None where these bytes are no frame's head."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[3] & 1 or head[4] & 0xC0 == 0x80:
        return None
    length = max(8 - (head[4] ^ 0xFF).bit_length(), 1)
    number = head[4] & (0xFF >> length if length > 1 else 0x7F)
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    end = 4 + length + BLOCK_BYTES.get(head[2] >> 4, 0) + RATE_BYTES.get(head[2] & 15, 0)
    if length > 7 or end >= len(head) or _crc8(head[:end]) != head[end]:
        return None
    return number if head[1] & 1 else number * block


def _crc8(data: bytes) -> int:
    """The checksum of polynomial x^8 + x^2 + x + 1."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x107 if value & 0x80 else 0)) & 0xFF
    return value
