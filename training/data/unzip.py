"""Sounds out of a zip that a stranger made: nothing outside the folder, nothing without a bound."""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from training.data.folder_layout import TABLE_BYTES, TABLES, Left, is_sound

FREE_BYTES = 1 << 28  # stays free on the disk
SMALL_BYTES = 1 << 24  # so little does no harm, whatever the ratio
LONGEST_NAME = 200  # bytes of a part of a path

DAMAGED = (zipfile.BadZipFile, EOFError, RuntimeError, OSError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Limits:
    """What is taken at most.

    Args:
        files: sounds, in all that is given.
        bytes: that a zip unpacks to.
        ratio: unpacked over packed size of a file in a zip; sound stays below 20.
    """

    files: int = 20_000
    bytes: int = 20 << 30
    ratio: float = 100.0


@dataclass
class Found:
    """What some place holds: sounds and tables by name, what is refused, other suffixes counted."""

    files: dict[str, Path] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)

    def ignore(self, name: str) -> None:
        suffix = PurePosixPath(name).suffix.lower() or "no suffix"
        self.ignored[suffix] = self.ignored.get(suffix, 0) + 1


def is_wanted(name: str) -> bool:
    """Whether a file is read at all: a sound, or a table that says which sounds belong together."""
    return is_sound(name) or PurePosixPath(name).name in TABLES


def is_hidden(name: str) -> bool:
    """What systems leave behind in folders and zips, such as ._a.wav and __MACOSX."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def unwatched(fraction: float) -> None:
    """The tick of a caller that neither watches nor stops."""


def unzip(
    path: Path,
    folder: Path,
    limits: Limits | None = None,
    tick: Callable[[float], None] = unwatched,
) -> Found:
    """Unpacks the sounds and tables of a zip; nothing else in it is read.

    Args:
        path: the zip.
        folder: where to; made. Names inside stay, as far as a file system can hold them.
        limits: of its size.
        tick: told the fraction done after each file; may raise to stop.

    Raises:
        ValueError: not a zip, more in it than the limits allow, or no room on the disk; nothing
            has been unpacked then.
    """
    limits, found = limits or Limits(), Found()
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = list(_wanted(archive, found, limits))
            _check_size(path, [info for _, info in wanted], folder, limits)
            for at, (name, info) in enumerate(wanted, 1):
                target = _free_name(folder, name)
                try:
                    _extract(archive, info, target)
                    found.files[str(target.relative_to(folder).as_posix())] = target
                except DAMAGED as error:
                    target.unlink(missing_ok=True)
                    found.left.append(Left(name, f"cannot be unpacked: {error}"))
                tick(at / len(wanted))
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"{path.name}: cannot be read as a zip ({error}); zip it again") from None
    return found


def _wanted(
    archive: zipfile.ZipFile, found: Found, limits: Limits
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        if info.is_dir() or is_hidden(name.replace("../", "")):
            continue
        if reason := _refusal(name, info, limits):
            found.left.append(Left(name, reason))
        elif is_wanted(name):
            yield name, info
        else:
            found.ignore(name)


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


def _check_size(path: Path, infos: list[zipfile.ZipInfo], folder: Path, limits: Limits) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > limits.files:
        raise ValueError(f"{path.name}: {len(infos)} sounds, expected at most {limits.files}")
    if total > limits.bytes:
        got = f"unpacks to {total / 1e9:.1f} GB, expected at most {limits.bytes / 1e9:.1f} GB"
        raise ValueError(f"{path.name}: {got}; give fewer recordings")
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if total + FREE_BYTES > free:
        got = f"unpacks to {total / 1e9:.1f} GB, {free / 1e9:.1f} GB are free in {folder}"
        raise ValueError(f"{path.name}: {got}; free some space")


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
