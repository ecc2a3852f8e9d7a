"""Unpacks the sounds of an untrusted zip: nothing outside the folder, everything bounded."""

from __future__ import annotations

import contextlib
import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from training.data.folder_layout import TABLE_BYTES, TABLES, Left, is_sound

FREE_BYTES = 1 << 28  # that stay free on the disk
SMALL_BYTES = 1 << 24  # a file of this size does no harm, whatever its ratio
LONGEST_NAME = 200  # bytes of a part of a path

DAMAGED = (
    *(zipfile.BadZipFile, EOFError, RuntimeError, OSError, ValueError),
    *(zlib.error, lzma.LZMAError, struct.error),
)


@dataclass(frozen=True)
class Limits:
    """What is accepted at most.

    Args:
        files: sounds in all that is given; also entries that are refused, and rows of a table.
        bytes: size of a zip's content.
        ratio: unpacked over packed size of a file in a zip; sound stays below 20.
    """

    files: int = 20_000
    bytes: int = 20 << 30
    ratio: float = 100.0


@dataclass
class Content:
    """Content of a folder or a zip.

    Args:
        files: sounds and tables by name.
        left: what is refused, and why.
        ignored: number of other files by suffix.
    """

    files: dict[str, Path] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)

    def ignore(self, name: str) -> None:
        suffix = PurePosixPath(name).suffix.lower() or "no suffix"
        self.ignored[suffix] = self.ignored.get(suffix, 0) + 1

    def refuse(self, name: str, reason: str) -> None:
        self.left.append(Left(name, reason))

    def check(self, limits: Limits, source: str) -> None:
        """Raises `ValueError` where there is more than the limits allow."""
        count = len(self.files) + len(self.left)
        if count > limits.files:
            raise ValueError(f"{source}: more than {limits.files} recordings; give fewer")


def is_wanted(name: str) -> bool:
    """Whether a file is read at all: a sound, or a table that says which sounds belong together."""
    return is_sound(name) or PurePosixPath(name).name in TABLES


def is_hidden(name: str) -> bool:
    """Whether it is a file that systems leave in folders and zips, such as ._a.wav and __MACOSX."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def no_tick(fraction: float) -> None:
    """The tick of a caller that neither watches nor stops."""


def unzip(
    path: Path,
    folder: Path,
    limits: Limits | None = None,
    tick: Callable[[float], None] = no_tick,
) -> Content:
    """Unpacks the sounds and tables of a zip; nothing else in it is read.

    An entry that cannot be unpacked is left out; the others are still unpacked.

    Args:
        path: the zip.
        folder: target; made. Names inside stay, as far as a file system can hold them.
        limits: of its size.
        tick: told the fraction done after each file; may raise to stop.

    Raises:
        ValueError: not a zip, more in it than the limits allow, or no room on the disk; nothing
            has been unpacked then.
    """
    limits, content = limits or Limits(), Content()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = list(_wanted(archive, content, limits, path.name))
            _check_size(path.name, [info for _, info in entries], folder, limits)
            for at, (name, info) in enumerate(entries, 1):
                _unpack(archive, name, info, folder, content)
                tick(at / len(entries))
    except UnicodeDecodeError:
        raise ValueError(f"{path.name}: a name in it is not valid UTF-8; zip it again") from None
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise ValueError(f"{path.name}: cannot be read as a zip ({plain(error)})") from None
    return content


def _unpack(
    archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo, folder: Path, content: Content
) -> None:
    """Unpacks one entry into `content`, or leaves it out with the reason."""
    target: Path | None = None
    try:
        target = _free_name(folder, name)
        _extract(archive, info, target)
        content.files[target.relative_to(folder).as_posix()] = target
    except DAMAGED as error:
        if target is not None:
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
        content.refuse(name, f"cannot be unpacked: {plain(error)}")


def plain(error: Exception) -> str:
    """What went wrong, without the paths of this machine."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _wanted(
    archive: zipfile.ZipFile, content: Content, limits: Limits, source: str
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        if not name:
            content.refuse("an entry", "has no name")
            content.check(limits, source)
            continue
        if info.is_dir() or is_hidden(name.replace("../", "")):
            continue
        if reason := _refusal(name, info, limits):
            content.refuse(name, reason)
            content.check(limits, source)
        elif is_wanted(name):
            yield name, info
        else:
            content.ignore(name)


def _refusal(name: str, info: zipfile.ZipInfo, limits: Limits) -> str:
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        return "its name leads out of the zip's folder; nothing was written"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link, not a file; zip the file itself"
    if name.lower().endswith(".zip"):
        return "a zip inside a zip is not opened; unpack it first"
    if not is_wanted(name):
        return ""
    if info.flag_bits & 1:
        return "locked with a password; zip it without one"
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > SMALL_BYTES and ratio > limits.ratio:
        return f"unpacks to {ratio:.0f} times its size, which no recording does"
    if not is_sound(name) and info.file_size > TABLE_BYTES:
        return f"a table of more than {TABLE_BYTES >> 20} MiB"
    return ""


def _check_size(source: str, infos: list[zipfile.ZipInfo], folder: Path, limits: Limits) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > limits.files:
        raise ValueError(f"{source}: {len(infos)} sounds, expected at most {limits.files}")
    if total > limits.bytes:
        got = f"unpacks to {total / 1e9:.1f} GB, expected at most {limits.bytes / 1e9:.1f} GB"
        raise ValueError(f"{source}: {got}; give fewer recordings")
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if total + FREE_BYTES > free:
        got = f"unpacks to {total / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free on the disk"
        raise ValueError(f"{source}: {got}; free some space")


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """Copies one file; `zipfile` stops at the stated size, and checks it and the checksum."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _free_name(folder: Path, name: str) -> Path:
    """Where a file goes: its name without what no file system holds, numbered where taken."""
    parts = [_plain(part) for part in PurePosixPath(name).parts]
    target = folder.joinpath(*parts)
    number = 2
    while target.exists():
        target = target.with_name(f"{Path(parts[-1]).stem} ({number}){target.suffix}")
        number += 1
    return target


def _plain(part: str) -> str:
    """One part of a path: no control characters, not too long, its suffix kept."""
    part = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", part).strip(" ") or "_"
    suffix = PurePosixPath(part).suffix
    room = LONGEST_NAME - len(suffix.encode())
    return part.removesuffix(suffix).encode()[: max(room, 1)].decode(errors="ignore") + suffix
