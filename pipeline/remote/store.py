"""Files of a store: which there are, fetching one, putting one up whole or not at all."""

from __future__ import annotations

import contextlib
import datetime
import errno
import posixpath
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.audio.sound import AudioError
from pipeline.files import NAME_LENGTH, is_temporary, temporary_error
from pipeline.remote.address import WEB, Address, Version

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ATOMIC = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "az", "oss", "oci", "tos", "hf"))
"""Object stores: a file appears there once all of it has arrived, and never by halves."""

TAGS = ("ETag", "etag", "md5Hash", "Content-MD5", "LastModified", "last_modified", "Last-Modified")
TIMES = ("updated", "mtime", "modified", "created")

WAITS_S = (1.0, 4.0)
"""Seconds to wait before a transfer is tried again."""

OLD_S = 600.0
"""Age in seconds from which nobody can be writing a temporary file any more."""

Value = TypeVar("Value")


def check(folder: Address) -> None:
    """Whether results can be put up there as far as the address alone tells.

    Raises:
        ValueError: a package is missing, there is no such store, or it cannot be written to.
    """
    if folder.scheme in WEB:
        raise ValueError(f"{folder}: {folder.scheme} can only be read; give a folder or a store")
    _connected(folder)


def is_folder(address: Address) -> bool:
    """Whether there are files below an address; a web address is always a file."""
    files, path = _connected(address)
    with _errors(address):
        return address.scheme not in WEB and bool(files.isdir(path))


def files_below(folder: Address) -> list[Address]:
    """All files below a folder, with their versions, in the order of their names.

    Raises:
        AudioError: they cannot be listed.
    """
    files, path = _connected(folder)
    with _errors(folder), contextlib.suppress(FileNotFoundError):
        files.invalidate_cache()
        root = files._strip_protocol(path).rstrip("/") + "/"
        listed = files.find(path, detail=True)
        below = [
            Address((folder / name.removeprefix(root)).text, _version(info))
            for name, info in listed.items()
            if name.startswith(root) and ".." not in PurePosixPath(name).parts
        ]
        return sorted(below, key=lambda address: address.text)
    return []


def version(address: Address) -> Version | None:
    """The version of a file; None where the store tells none.

    Raises:
        AudioError: there is no such file, or it cannot be looked at.
    """
    if address.version is not None:
        return address.version
    files, path = _connected(address)
    with _errors(address):
        files.invalidate_cache()
        return _version(files.info(path))


def fetch(address: Address, folder: Path) -> Path:
    """Copies a file into a folder of this machine, under its own name.

    Raises:
        AudioError: it cannot be fetched, or only a part has arrived.
        OSError: the folder is full.
    """
    if address.name in ("", ".", ".."):
        raise AudioError(f"{address}: names no file")
    files, path = _connected(address)
    target = folder / address.name
    with _errors(address):
        expected = version(address)
        _tried(lambda: files.get_file(path, str(target)))
    if expected is not None and target.stat().st_size != expected.size:
        arrived = f"{target.stat().st_size} of {expected.size} bytes have arrived"
        raise AudioError(f"{address.name}: {arrived}; it has changed or the connection broke")
    return target


def put_up(file: Path, address: Address) -> None:
    """Copies a file to an address, where it appears whole or not at all.

    Raises:
        AudioError: it cannot be written there.
    """
    files, path = _connected(address)
    with _errors(address):
        if address.scheme in ATOMIC:
            _tried(lambda: files.put_file(str(file), path))
            return
        folder, name = posixpath.split(path)
        temporary = f"{folder}/.{name[:NAME_LENGTH]}.{secrets.token_hex(8)}.part"
        try:
            files.makedirs(folder, exist_ok=True)
            _tried(lambda: files.put_file(str(file), temporary))
            files.mv(temporary, path)
        except BaseException:
            with contextlib.suppress(Exception):
                files.rm_file(temporary)
            raise


def read(address: Address) -> str:
    """The text of a file; empty where there is none.

    Raises:
        AudioError: it cannot be read.
    """
    files, path = _connected(address)
    with _errors(address), contextlib.suppress(FileNotFoundError):
        data: bytes = files.cat_file(path)
        return data.decode("utf-8", errors="replace")
    return ""


def remove_leftovers(folder: Address) -> None:
    """Removes half-written files of earlier runs; an object store has none."""
    if folder.scheme in ATOMIC:
        return
    files, _ = _connected(folder)
    for address in files_below(folder):
        if is_temporary(PurePosixPath(address.name)):
            with contextlib.suppress(Exception):
                changed: datetime.datetime = files.modified(address.text)
                if time.time() - changed.timestamp() > OLD_S:
                    files.rm_file(address.text)


def _connected(address: Address) -> tuple[AbstractFileSystem, str]:
    """The store, and the address as it names its files.

    Raises:
        ValueError: a package is missing, or there is no such store.
    """
    from fsspec.core import url_to_fs

    try:
        files, path = url_to_fs(address.text)
    except ImportError as error:
        raise ValueError(f"{address}: a package is missing ({error})") from error
    except Exception as error:
        raise ValueError(f"{address}: {error}") from error
    return files, path


@contextlib.contextmanager
def _errors(address: Address) -> Iterator[None]:
    """Turns what stores raise into a sentence each."""
    try:
        yield
    except ValueError:
        raise
    except FileNotFoundError as error:
        raise AudioError(f"{address.name}: there is no such file") from error
    except PermissionError as error:
        raise AudioError(f"{address.name}: the store does not allow it ({error})") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise temporary_error(error) from error
        raise AudioError(f"{address.name}: {type(error).__name__}: {error}") from error


def _tried(transfer: Callable[[], Value]) -> Value:
    """Does a transfer, again where the connection breaks."""
    for wait_s in WAITS_S:
        try:
            return transfer()
        except (ValueError, FileNotFoundError, PermissionError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            time.sleep(wait_s)
    return transfer()


def _version(info: dict[str, Any]) -> Version | None:
    values = [info[key] for key in (*TAGS, *TIMES) if info.get(key)]
    size = info.get("size")
    return Version(int(size), _tag(values[0])) if values and size is not None else None


def _tag(value: object) -> str:
    """A text; a time may be of two types, in a listing and for a file."""
    if isinstance(value, datetime.datetime):
        value = value.timestamp()
    return repr(float(value)) if isinstance(value, (int, float)) else str(value)
