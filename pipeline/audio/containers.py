"""Checks of a sound file's header that decoders leave out: is the file complete?"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipeline.audio import flac, mpeg, ogg
from pipeline.audio.sound import AudioError

STREAMED_SLACK = 1 << 13
"""A chunk size this close to 2^31 or 2^32 is what a recorder writes that cannot know the length."""

MAX_CHUNKS = 4096
"""A file with more chunks than this before its sound is refused; no program writes so many."""

TRAILER_BYTES = 1 << 12
"""Bytes after the sound that may be anything: tags, padding."""

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")


@dataclass(frozen=True)
class Info:
    """What a file holds, without decoding it.

    `container` and `subtype` are libsndfile's names ("WAV", "PCM_16") or, for what ffmpeg reads,
    its demuxer and codec in capitals; `bits` is the depth of a sample, 16 for a lossy code. `notes`
    are what the user should know, one sentence each: that the file is damaged, or holds more than
    its header states.
    """

    rate: int
    channels: int
    frames: int
    container: str
    subtype: str
    bits: int
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


class Extent(NamedTuple):
    """How much sound the header states, and how much is there; zeros where it states nothing."""

    stated: int = 0
    present: int = 0
    unit: str = "bytes"


def check_complete(path: Path) -> tuple[str, ...]:
    """Compares what a file's header states with what is there.

    Returns:
        Notes for the user: at most one, where parts are damaged, or where more sound is there than
        the header states.

    Raises:
        AudioError: the file is missing, empty, or shorter than its header states.
    """
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(16)
        if not start:
            raise AudioError(f"{path.name}: the file is empty (0 bytes); copy or export it again")
        broken = ogg.damaged_pages(file) if start[:4] == b"OggS" else 0
        try:
            extent = _walker(start)(file, size)
        except _HeaderError as error:
            raise AudioError(f"{path.name}: {error}; export it again") from None
    if extent.stated > extent.present:
        detail = f"its header states {extent.stated} {extent.unit}, {extent.present} are there"
        raise AudioError(cut_short(path, detail))
    if broken:
        return (f"The file is damaged: {broken} of its pages fail the checksum and are left out.",)
    slack = TRAILER_BYTES if extent.unit == "bytes" else 0
    if extent.stated and extent.present > extent.stated + slack:
        return (
            f"The file's header states {extent.stated} {extent.unit} of sound, but there are at "
            f"least {extent.present}. The rest was not read; repair the file's header to get it.",
        )
    return ()


def cut_short(path: Path, detail: str) -> str:
    """The message for a truncated file."""
    cure = f"copy or export it again, or keep what is left: ffmpeg -i {path.name} repaired.wav"
    return f"{path.name}: the file is cut short ({detail}); {cure}"


def damaged(path: Path, seconds: float, stated_seconds: float, detail: str) -> str:
    """The message for a file of which too much cannot be decoded."""
    return (
        f"{path.name}: the file is damaged: {seconds:.1f} of {stated_seconds:.1f} s can be decoded "
        f"({detail}); copy or export it again, or keep what is left: "
        f"ffmpeg -i {path.name} repaired.wav"
    )


class _HeaderError(ValueError):
    """A header that no program writes."""


def _walker(start: bytes) -> Callable[[BinaryIO, int], Extent]:
    """What walks through files that begin with these 16 bytes."""
    if start[:4] in (b"RIFF", b"RIFX", b"RF64") and start[8:12] == b"WAVE":
        return _wave_extent
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return _aiff_extent
    if start[:4] == b"OggS":
        return lambda file, size: Extent(*ogg.extent(file, size))
    if start[:3] == b"ID3" or (start[0] == 0xFF and start[1:2] >= b"\xe0"):
        return lambda file, size: Extent(*mpeg.extent(file, size))
    if start[:4] == b"fLaC":
        return lambda file, size: Extent(*flac.extent(file, size), "samples")
    if start[:12] == _ASF_HEADER:
        return _asf_extent
    if start[:4] == b".snd":
        return _au_extent
    if start[:4] == b"caff":
        return _caf_extent
    if start[:4] == b"riff":
        return _w64_extent
    return lambda file, size: Extent()


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise AudioError(f"{path.name}: this is a folder, expected a sound file")
    if path.exists() and not path.is_file():
        raise AudioError(f"{path.name}: not a regular file, expected a sound file")
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        why = getattr(error, "strerror", None) or error
        raise AudioError(f"{path.name}: cannot be opened ({why}); check the path") from error


def _chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, int]]:
    """Yields (name, length) of each chunk from byte 12 on; the file stands at its content then.

    Raises:
        _HeaderError: there are more than MAX_CHUNKS.
    """
    position = 12
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        name, length = struct.unpack(order + "4sI", head)
        yield name, length
        position += 8 + length + length % 2
    raise _HeaderError(f"more than {MAX_CHUNKS} chunks in its header")


def _wave_extent(file: BinaryIO, size: int) -> Extent:
    """RF64 keeps the size of its sound in the chunk ds64."""
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    long_size = 0
    for name, length in _chunks(file, order):
        if name == b"ds64":
            long_size = struct.unpack("<8xQ", file.read(16).ljust(16, b"\0"))[0]
        elif name == b"fmt " and file.read(4)[2:] == b"\0\0":
            raise _HeaderError("its header states 0 channels")
        elif name == b"data":
            stated = long_size if length == 0xFFFFFFFF and long_size else length
            return _chunk_extent(file, stated, size)
    raise _HeaderError("its header holds no chunk of sound")


def _aiff_extent(file: BinaryIO, size: int) -> Extent:
    for name, length in _chunks(file, ">"):
        if name == b"SSND":
            return _chunk_extent(file, length, size)
    return Extent()


def _chunk_extent(file: BinaryIO, stated: int, size: int) -> Extent:
    """Of the chunk whose content begins here. What follows it counts if it is no other chunk."""
    if not stated or any(abs(stated - edge) <= STREAMED_SLACK for edge in (1 << 31, 1 << 32)):
        return Extent()
    present = size - file.tell()
    if stated > present:
        return Extent(stated, present)
    file.seek(stated, os.SEEK_CUR)
    rest = file.read(TRAILER_BYTES)
    name = rest[stated % 2 :][:4]
    ended = not any(rest) or (name.isascii() and name.decode().isprintable())
    return Extent(stated, stated if ended else present)


def _au_extent(file: BinaryIO, size: int) -> Extent:
    """Source: the header of Sun and NeXT; all ones stand for an unknown length."""
    file.seek(4)
    start, stated = struct.unpack(">II", file.read(8).ljust(8, b"\0"))
    return Extent() if stated == 0xFFFFFFFF else Extent(stated, max(size - start, 0))


def _w64_extent(file: BinaryIO, size: int) -> Extent:
    """Chunks of Sony Wave64: 16 bytes of name, 8 of length with the head, aligned to 8 bytes."""
    position = 40
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        head = file.read(24)
        if len(head) < 24:
            return Extent()
        name, length = head[:16], int.from_bytes(head[16:], "little")
        if name == _W64_DATA:
            stated = max(length - 24, 0)
            return Extent(stated, min(stated, size - position - 24))
        position = min(position + max(length + -length % 8, 24), size)
    raise _HeaderError(f"more than {MAX_CHUNKS} chunks in its header")


def _caf_extent(file: BinaryIO, size: int) -> Extent:
    """Chunks of Apple's Core Audio Format; -1 stands for an unknown length."""
    position = 8
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        head = file.read(12)
        if len(head) < 12:
            return Extent()
        name, length = struct.unpack(">4sq", head)
        if name == b"data":
            present = size - position - 12
            return Extent() if length < 0 else Extent(length, min(length, present))
        position = min(position + 12 + max(length, 0), size)
    raise _HeaderError(f"more than {MAX_CHUNKS} chunks in its header")


def _asf_extent(file: BinaryIO, size: int) -> Extent:
    """Of the whole file. Source: ASF specification, section 3.2."""
    file.seek(0)
    head = file.read(1 << 16)
    at = head.find(_ASF_FILE_PROPERTIES)
    stated = int.from_bytes(head[at + 40 : at + 48], "little") if at >= 0 else 0
    return Extent(stated, min(stated, size))
