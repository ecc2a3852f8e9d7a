"""Files: which suffixes mean sound, and writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import IO

SOUND_SUFFIXES = frozenset(
    ".wav .wave .w64 .rf64 .flac .aif .aiff .aifc .au .caf .ogg .oga .opus .mp3 .m4a .m4b .aac "
    ".wma .webm .mka .ac3 .amr .ape .wv".split()
)
"""Suffixes of the sound files that are taken from a folder."""

VIDEO_SUFFIXES = frozenset((".mkv", ".mp4", ".mov", ".avi"))
"""Suffixes of video files; their first sound track is read."""

NAME_LENGTH = 40
"""Characters of a file's name that its temporary name keeps: a name has at most 255 bytes."""

TEMPORARY_NAME = re.compile(r"\..*\.[0-9a-f]{16}\.part", re.DOTALL)

TEMPORARY_CURE = "free some space or set TMPDIR to another folder"

FULL_BYTES = 1 << 18
"""A disk with less room than this counts as full."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class StorageError(OSError):
    """A folder that has no room or may not be written to; the text names it and the cure."""

    def __str__(self) -> str:
        return str(self.strerror)


@contextlib.contextmanager
def write_atomically(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yields a temporary path beside `path` and renames it to `path` when the block ends well.

    A reader sees the old file or the whole new one. Nothing is left behind when the block raises.

    Args:
        path: the file to write; its folder exists.
        durable: whether the content must survive a power failure right after the rename.

    Raises:
        StorageError: the folder is full or read-only, or does not exist.
    """
    temporary = path.with_name(f".{path.name[:NAME_LENGTH]}.{secrets.token_hex(8)}.part")
    try:
        yield temporary
        if durable:
            _flush(temporary)
        temporary.replace(path)
    except OSError as error:
        if (failure := storage_error(error, path.parent)) is not None:
            raise failure from error
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def is_temporary(path: PurePath) -> bool:
    """Whether a file is one that `write_atomically` has not finished."""
    return TEMPORARY_NAME.fullmatch(path.name) is not None


def temporary_file() -> IO[bytes]:
    """An empty file without a name, which is gone however the process ends.

    Raises:
        StorageError: the folder for temporary files is full or read-only.
    """
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise temporary_error(error) from error


def temporary_error(error: OSError) -> OSError:
    """The sentence for a write that failed because of the folder for temporary files."""
    try:
        folder = Path(tempfile.gettempdir())
    except OSError:
        sentence = f"no folder for temporary files can be written to; {TEMPORARY_CURE}"
        return StorageError(error.errno or errno.ENOSPC, sentence)
    return storage_error(OSError(error.errno, ""), folder, TEMPORARY_CURE) or error


def is_full(folder: Path) -> bool:
    """Whether a folder's disk has next to no room: for programs that do not say why they failed."""
    return shutil.disk_usage(folder).free < FULL_BYTES


def storage_error(error: OSError, folder: Path, cure: str = "") -> StorageError | None:
    """The sentence for a write that failed because of the folder; None for any other failure.

    Args:
        error: what the operating system raised.
        folder: where the file was to be written.
        cure: what to do about it; another folder where empty.
    """
    if isinstance(error, StorageError):
        return error
    if error.filename and folder not in (Path(error.filename), Path(error.filename).parent):
        return None
    if error.errno in _FULL:
        problem, cure = "has no room left", cure or "free some space or choose another folder"
    elif error.errno in _FORBIDDEN:
        problem, cure = "may not be written to", cure or "allow it or choose another folder"
    elif error.errno in (errno.ENOENT, errno.ENOTDIR) and not folder.is_dir():
        problem, cure = "is not a folder", cure or "make it or choose another one"
    else:
        return None
    return StorageError(error.errno, f"{folder} {problem}; {cure}")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
