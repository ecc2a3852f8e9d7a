"""The pages of an Ogg file. Source: RFC 3533, section 6."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

MAX_PAGES = 1 << 17
"""Pages whose checksums are verified: usually of 4 KB each."""

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def extent(file: BinaryIO, size: int) -> tuple[int, int]:
    """(bytes that the last page states, bytes of it that are there); a page is below 64 KiB."""
    file.seek(max(0, size - (1 << 16)))
    tail = file.read(1 << 16)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 27 + 1, len(page)
    stated = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return stated, min(stated, len(page))


def damaged_pages(file: BinaryIO) -> int:
    """How many of the first MAX_PAGES pages fail their checksum; decoders leave those out."""
    file.seek(0)
    count = 0
    for _ in range(MAX_PAGES):
        head = file.read(27)
        if len(head) < 27:
            break
        if head[:4] != b"OggS":
            return count + 1
        table = file.read(head[26])
        page = head[:22] + bytes(4) + head[26:] + table + file.read(sum(table))
        count += checksum(page) != struct.unpack("<I", head[22:26])[0]
    return count


def checksum(page: bytes) -> int:
    """Of a page whose own is zero: CRC-32 with bits in the other order than zlib's, from zero."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
