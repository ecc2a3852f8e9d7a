"""The manifest of a results folder: what became of each recording, and of what a result was made.

A run that was stopped, or killed, can so go on where it ended. The manifest is a hidden file of
JSON lines, one for each recording that was done or failed; lines are only ever appended, so a run
that is killed loses at most its last one. The last line of a target counts. In a store, which takes
whole files only, a run that is killed loses the lines of its last seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.remote import store
from pipeline.remote.address import Address, Location
from pipeline.remote.log import RemoteLog

NAME = ".wavemend.jsonl"
RESULT, REPORT = "restored", "report"
"""The names of the files that `restore` makes of a recording."""

BLOCK_BYTES = 1 << 20

UNKNOWN = (-1, -1)
"""The state of a file that cannot be looked at."""


class Log(Protocol):
    """The file of a manifest."""

    @property
    def text(self) -> str:
        """What was there before this run."""
        ...

    def append(self, line: str) -> None:
        """Adds a line."""
        ...

    def flush(self) -> None:
        """Makes sure that what was added lasts."""
        ...


@dataclass(frozen=True)
class FileLog:
    """A manifest in a folder of this machine."""

    path: Path

    @property
    def text(self) -> str:
        """What is there; empty where it cannot be read."""
        with contextlib.suppress(OSError):
            return self.path.read_text(encoding="utf-8", errors="replace")
        return ""

    def append(self, line: str) -> None:
        """Adds a line at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def flush(self) -> None:
        """Nothing is left to do."""


@dataclass(frozen=True)
class Mark:
    """What the manifest notes of a file: where it is, what state it is in, and its digest."""

    path: Location
    state: list[Any]
    sha256: str

    @staticmethod
    def of(file: Path, at: Location | None = None) -> Mark:
        """The mark of a file of this machine, or of the file at an address that it is a copy of.

        A state that cannot be told is one that no file is ever in: the file is done anew.
        """
        at = at or file
        state: list[Any] = [*UNKNOWN]
        digest = ""
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            state = _state(at)
            digest = sha256(file) if file.is_file() else ""  # a pipe would never end
        return Mark(at, state, digest)


class Manifest:
    """The results of one recipe in one folder.

    Args:
        folder: of the results; may not exist yet.
        recipe: digest of everything that the results depend on besides the recordings.

    Raises:
        AudioError: the store of the folder cannot be read.
    """

    def __init__(self, folder: Location, recipe: str) -> None:
        self._folder, self._recipe = folder, recipe
        self._versions: dict[str, Address] = {}
        self._log: Log
        if isinstance(folder, Address):
            self._log = RemoteLog(folder / NAME)
            self._versions = {file.text: file for file in store.files_below(folder)}
        else:
            self._log = FileLog(folder / NAME)
        self._entries = _entries(self._log.text)

    def find(self, source: Location, target: Location) -> dict[str, Location] | None:
        """The finished results of a recording by name; None if there are none or any has changed.

        Args:
            source: the recording.
            target: where its result was meant to go; it may have got another suffix.
        """
        entry = self._entries.get(self._key(target))
        if entry is None or entry.get("recipe") != self._recipe or entry.get("status") != "done":
            return None
        try:
            if entry["source"] != _identity(source):
                return None
            paths = {name: self._result(one["path"]) for name, one in entry["results"].items()}
            states = [one["state"] for one in entry["results"].values()]
            same = states == [_state(path) for path in paths.values()]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return paths if same else None

    def done(self, target: Location, source: Mark, results: Mapping[str, Mark]) -> None:
        """Notes the results of a recording by name: its stems, or one under the name ""."""
        entries = {
            name: {"path": self._key(mark.path), "state": mark.state, "sha256": mark.sha256}
            for name, mark in results.items()
        }
        identity = [str(source.path.resolve()), *source.state]
        self._add(target, identity, source.sha256, {"status": "done", "results": entries})

    def failed(self, source: Location, target: Location, why: str) -> None:
        """Notes that a recording could not be processed."""
        identity, digest = [str(source), *UNKNOWN], ""
        if isinstance(source, Path):
            mark = Mark.of(source)
            with contextlib.suppress(OSError, RuntimeError):  # the latter for links in a circle
                identity, digest = [str(source.resolve()), *mark.state], mark.sha256
        self._add(target, identity, digest, {"status": "failed", "why": why})

    def close(self) -> None:
        """Ends the run's entries."""
        with contextlib.suppress(OSError, ValueError):
            self._log.flush()

    def _add(
        self, target: Location, identity: list[Any], digest: str, outcome: dict[str, Any]
    ) -> None:
        """Appends a line. The manifest is a convenience: a run goes on without it."""
        entry = {
            "target": self._key(target),
            "source": identity,
            "source_sha256": digest,
            "recipe": self._recipe,
            **outcome,
        }
        with contextlib.suppress(OSError, ValueError):
            self._log.append(json.dumps(entry))

    def _key(self, target: Location) -> str:
        """A path relative to the folder of the results."""
        if isinstance(target, Path) and isinstance(self._folder, Path):
            return os.path.relpath(target, self._folder)
        return str(target).removeprefix(f"{self._folder}/")

    def _result(self, key: str) -> Location:
        path = self._folder / key
        return self._versions.get(path.text, path) if isinstance(path, Address) else path


def sha256(path: Path) -> str:
    """The digest of a file's content, hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _entries(text: str) -> dict[str, dict[str, Any]]:
    """The last entry of each target; what cannot be read is left out."""
    entries: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                entries[str(entry.get("target"))] = entry
    return entries


def _identity(source: Location) -> list[Any]:
    return [str(source.resolve()), *_state(source)]


def _state(path: Location) -> list[Any]:
    """Size in bytes and time of the last change, in ns; of a file of a store what it tells.

    Raises:
        OSError, ValueError: it cannot be looked at, or the store does not tell.
    """
    if isinstance(path, Address):
        if (version := store.version(path)) is None:
            raise ValueError(f"{path}: the store does not tell when a file has changed")
        return [version.size, version.tag]
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
