"""What a sound file's own bytes say about it, where a decoder would stay silent."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.audio.sound import AudioError

STREAMED_SLACK = 1 << 13
"""A chunk size this close to 2^31 or 2^32 is what a recorder writes that cannot know the length."""

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


@dataclass(frozen=True)
class Info:
    """What a file holds, without decoding it.

    `container` and `subtype` are libsndfile's names ("WAV", "PCM_16") or, for what ffmpeg reads,
    its demuxer and codec in capitals; `bits` is the depth of a sample, 16 for a lossy code.
    """

    rate: int
    channels: int
    frames: int
    container: str
    subtype: str
    bits: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def check_complete(path: Path) -> None:
    """Raises `AudioError` when a file is missing, empty, or shorter than its header promises."""
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        magic = file.read(12)
        if not magic:
            raise AudioError(f"{path.name}: the file is empty (0 bytes); copy or export it again")
        if magic[:4] in (b"RIFF", b"RIFX", b"RF64") and magic[8:] == b"WAVE":
            promised, present = _wave_data(file, size, ">" if magic[:4] == b"RIFX" else "<", path)
        elif magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
            promised, present = _aiff_data(file, size)
        elif magic[:4] == b"OggS":
            promised, present = _ogg_page(file, size)
        elif magic[:3] == b"ID3" or (magic[0] == 0xFF and magic[1:2] >= b"\xe0"):
            promised, present = _mp3_data(file, size)
        elif magic == _ASF_HEADER:
            promised, present = _asf_file(file), size
        else:
            return
    if promised > present:
        raise AudioError(cut_short(path, f"it promises {promised} bytes here, {present} are there"))


def cut_short(path: Path, detail: str) -> str:
    """The message for a truncated file."""
    cure = f"copy or export it again, or keep what is left: ffmpeg -i {path.name} repaired.wav"
    return f"{path.name}: the file is cut short ({detail}); {cure}"


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise AudioError(f"{path.name}: this is a folder, expected a sound file")
    if path.exists() and not path.is_file():
        raise AudioError(f"{path.name}: not a regular file, expected a sound file")
    try:
        return path.open("rb")
    except OSError as error:
        raise AudioError(
            f"{path.name}: cannot be opened ({error.strerror}); check the path"
        ) from error


def _wave_data(file: BinaryIO, size: int, order: str, path: Path) -> tuple[int, int]:
    """(bytes the data chunk promises, bytes that are there); RF64 keeps its size in ds64."""
    long_size = 0
    while len(head := file.read(8)) == 8:
        name, length = head[:4], struct.unpack(order + "I", head[4:])[0]
        here = file.tell()
        if name == b"ds64":
            long_size = struct.unpack("<8xQ", file.read(16).ljust(16, b"\0"))[0]
        elif name == b"fmt " and file.read(4)[2:] == b"\0\0":
            raise AudioError(f"{path.name}: its header states 0 channels; export it again")
        elif name == b"data":
            promised = long_size if length == 0xFFFFFFFF and long_size else length
            return 0 if _streamed(promised) else promised, size - here
        file.seek(here + length + length % 2)
    return 0, 0


def _streamed(length: int) -> bool:
    return any(abs(length - edge) <= STREAMED_SLACK for edge in (1 << 31, 1 << 32))


def _aiff_data(file: BinaryIO, size: int) -> tuple[int, int]:
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack(">4sI", head)
        if name == b"SSND":
            return 0 if _streamed(length) else length, size - file.tell()
        file.seek(length + length % 2, os.SEEK_CUR)
    return 0, 0


def _ogg_page(file: BinaryIO, size: int) -> tuple[int, int]:
    """(bytes the last page needs, bytes it has). Source: RFC 3533 section 6; a page is < 64 KiB."""
    file.seek(max(0, size - (1 << 16)))
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 27 + 1, len(page)
    return 27 + page[26] + sum(page[27 : 27 + page[26]]), len(page)


def _mp3_data(file: BinaryIO, size: int) -> tuple[int, int]:
    """(bytes of sound the Xing or Info tag states, bytes that are there)."""
    start, frame = _first_mp3_frame(file)
    tag = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags, *numbers = struct.unpack(">4xIII", frame[max(tag, 0) :][:16].ljust(16, b"\0"))
    if tag < 0 or not flags & 2:
        return 0, 0
    return numbers[flags & 1], size - start


def _asf_file(file: BinaryIO) -> int:
    """The size of the whole file that a WMA states. Source: ASF specification, section 3.2."""
    head = file.read(1 << 16)
    at = head.find(_ASF_FILE_PROPERTIES)
    return int.from_bytes(head[at + 40 : at + 48], "little") if at >= 0 else 0


def states_its_length(path: Path) -> bool:
    """Whether an MP3's first frame carries the frame count (Xing, Info or VBRI tag).

    libsndfile guesses the length of one that does not, and then stops reading there.
    """
    with path.open("rb") as file:
        _, frame = _first_mp3_frame(file)
    return any(tag in frame for tag in (b"Xing", b"Info", b"VBRI"))


def _first_mp3_frame(file: BinaryIO) -> tuple[int, bytes]:
    """Where the sound begins, after an ID3v2 tag, and the bytes there."""
    file.seek(0)
    head, start = file.read(10), 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum(
            part << shift for part, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    file.seek(start)
    return start, file.read(4096)
