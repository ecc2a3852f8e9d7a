"""The log of a results folder: which recording and recipe each result was made of.

A run that was stopped can so go on where it ended. The log is a hidden file of JSON lines, one for
each result; lines are only ever appended, so a run that is killed loses at most its last one.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

NAME = ".wavemend.jsonl"


class ResultLog:
    """The results of one recipe in one folder.

    Args:
        folder: of the results; may not exist yet.
        recipe: digest of everything that the results depend on besides the recordings.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        self._folder, self._recipe = folder, recipe
        self._entries = _read(folder / NAME)

    def find(self, source: Path, target: Path) -> Path | None:
        """The finished result of a recording; None if there is none or anything has changed since.

        Args:
            source: the recording.
            target: where its result was meant to go; it may have got another suffix.
        """
        entry = self._entries.get(self._key(target))
        if entry is None or entry.get("recipe") != self._recipe:
            return None
        result = self._folder / str(entry.get("result"))
        try:
            same = (entry.get("source"), entry.get("result_state")) == (
                _identity(source), _state(result),
            )  # fmt: skip
        except OSError:
            return None
        return result if same else None

    def add(self, source: Path, target: Path, result: Path) -> None:
        """Notes a finished result. The log is a convenience: it does not matter if this fails."""
        with contextlib.suppress(OSError):
            entry = {
                "target": self._key(target),
                "result": os.path.relpath(result, self._folder),
                "result_state": _state(result),
                "source": _identity(source),
                "recipe": self._recipe,
            }
            with (self._folder / NAME).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def _key(self, target: Path) -> str:
        return os.path.relpath(target, self._folder)


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


def _identity(source: Path) -> list[str | int]:
    return [str(source.resolve()), *_state(source)]


def _state(path: Path) -> list[int]:
    """Size in bytes and time of the last change, in ns."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
