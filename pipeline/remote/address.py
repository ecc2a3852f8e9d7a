"""The address of a file or folder that is not on this machine's disks, such as s3://bucket/a.wav.

An address goes where a `Path` goes: it has a name, a stem and a suffix, and "/" leads below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")

WEB = frozenset(("http", "https"))
"""Schemes whose addresses may end in a query, and which can only be read."""


@dataclass(frozen=True)
class Version:
    """What tells one content of a file from another.

    Attributes:
        size: in bytes.
        tag: what the store changes with the content: a digest, or the time of the last change.
    """

    size: int
    tag: str


@dataclass(frozen=True)
class Address:
    """An address of any store that fsspec knows.

    Attributes:
        text: as the user gave it, without "/" at its end.
        version: of the file, where a listing has told it.
    """

    text: str
    version: Version | None = field(default=None, compare=False, repr=False)

    @property
    def scheme(self) -> str:
        """The store's kind, such as "s3"."""
        return self.text.partition("://")[0].lower()

    @property
    def name(self) -> str:
        """The last part of the path, without the query of a web address."""
        if self.scheme in WEB:
            return PurePosixPath(unquote(urlsplit(self.text).path)).name
        return PurePosixPath(self.text.partition("://")[2]).name

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The name's suffix, such as ".wav"."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> Address:
        """The folder that it lies in."""
        return Address(self.text.rpartition("/")[0])

    def __truediv__(self, below: str | PurePath) -> Address:
        parts = PurePath(below).parts
        return Address("/".join((self.text, *parts)))

    def __str__(self) -> str:
        """The address without what is secret: password, and signature in a query."""
        shown = _CREDENTIALS.sub("", self.text)
        return shown.partition("?")[0] if self.scheme in WEB else shown

    def resolve(self) -> Address:
        """The address itself, which has no links; for `Path.resolve`."""
        return self


Location: TypeAlias = "Path | Address"
"""Where a file or folder is."""


def location(text: str) -> Location:
    """What a user's argument names: an address, or a path of this machine.

    Raises:
        ValueError: an address of several parts ("zip://a.wav::s3://..."), or one without a path.
    """
    if not _SCHEME.match(text):
        return Path(text)
    address = Address(text.rstrip("/"))
    if "::" in text:
        raise ValueError(
            f"{address}: got a chained address, expected one such as s3://bucket/a.wav"
        )
    if not _SCHEME.match(address.text):
        return Address(text)
    return address
