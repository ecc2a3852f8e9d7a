"""The manifest of a results folder: what became of each recording, and of what a result was made.

A run that was stopped, or killed, can so go on where it ended. The manifest is a hidden file of
JSON lines, one for each recording that was done or failed; lines are only ever appended, so a run
that is killed loses at most its last one. The last line of a target counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = ".wavemend.jsonl"
BLOCK_BYTES = 1 << 20


class Manifest:
    """The results of one recipe in one folder.

    Args:
        folder: of the results; may not exist yet.
        recipe: digest of everything that the results depend on besides the recordings.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        self._folder, self._recipe = folder, recipe
        self._entries = _read(folder / NAME)

    def find(self, source: Path, target: Path) -> dict[str, Path] | None:
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
            paths = {name: self._folder / one["path"] for name, one in entry["results"].items()}
            states = [one["state"] for one in entry["results"].values()]
            same = states == [_state(path) for path in paths.values()]
        except (OSError, KeyError, TypeError, AttributeError):
            return None
        return paths if same else None

    def done(self, source: Path, target: Path, results: Mapping[str, Path]) -> None:
        """Notes the results of a recording by name: its stems, or one under the name ""."""
        with contextlib.suppress(OSError):
            digests = {path: sha256(path) for path in set(results.values())}
            entries = {
                name: {
                    "path": os.path.relpath(path, self._folder),
                    "state": _state(path),
                    "sha256": digests[path],
                }
                for name, path in results.items()
            }
            self._add(source, target, {"status": "done", "results": entries})

    def failed(self, source: Path, target: Path, why: str) -> None:
        """Notes that a recording could not be processed."""
        with contextlib.suppress(OSError):
            self._add(source, target, {"status": "failed", "why": why})

    def _add(self, source: Path, target: Path, outcome: dict[str, Any]) -> None:
        """Appends a line. The manifest is a convenience: a run goes on without it."""
        identity, digest = [str(source), -1, -1], ""
        with contextlib.suppress(OSError, RuntimeError):  # the latter for links in a circle
            identity = _identity(source)
            digest = sha256(source) if source.is_file() else ""  # a pipe would never end
        entry = {
            "target": self._key(target),
            "source": identity,
            "source_sha256": digest,
            "recipe": self._recipe,
            **outcome,
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / NAME).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def _key(self, target: Path) -> str:
        return os.path.relpath(target, self._folder)


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


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The last entry of each target; what cannot be read is left out."""
    entries: dict[str, dict[str, Any]] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return entries
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                entries[str(entry.get("target"))] = entry
    return entries


def _identity(source: Path) -> list[Any]:
    return [str(source.resolve()), *_state(source)]


def _state(path: Path) -> list[int]:
    """Size in bytes and time of the last change, in ns."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
