"""A file of lines in a store: lines are appended, though a store takes whole files only."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from pipeline.remote import store
from pipeline.remote.address import Address

FLUSH_S = 5.0
"""Seconds between two copies of the file that are put up; a killed run loses no more."""

FLUSH_SHARE = 0.05
"""Share of a run's time that putting up copies may take, however long the file is."""


class RemoteLog:
    """The lines of a file, old and new.

    Raises:
        AudioError: the file cannot be read.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self.text = store.read(address)
        self._new: list[str] = []
        self._due_s = 0.0

    def append(self, line: str) -> None:
        """Adds a line; it is put up at once or a little later.

        Raises:
            AudioError: the file cannot be put up.
        """
        self._new.append(f"{line}\n")
        if time.monotonic() >= self._due_s:
            self.flush()

    def flush(self) -> None:
        """Puts up what has been added.

        Raises:
            AudioError: the file cannot be put up.
        """
        if not self._new:
            return
        started_s = time.monotonic()
        self.text += "".join(self._new)
        self._new.clear()
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "log")
            copy.write_text(self.text, encoding="utf-8", errors="surrogateescape")
            store.put_up(copy, self._address)
        ended_s = time.monotonic()
        self._due_s = ended_s + max(FLUSH_S, (ended_s - started_s) / FLUSH_SHARE)
