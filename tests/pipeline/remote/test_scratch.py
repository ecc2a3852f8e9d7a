"""Scratch folders end with their job, however it ends."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from pipeline.remote import scratch


def test_only_folders_of_killed_jobs_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, new = tmp_path / f"{scratch.PREFIX}killed", tmp_path / f"{scratch.PREFIX}new"
    for path in (killed, new):
        path.mkdir()
    os.utime(killed, (0, 0))
    with scratch.folder() as mine:
        os.utime(mine, (0, 0))
        with scratch.folder():
            assert mine.exists() and new.exists() and not killed.exists()
    assert list(tmp_path.iterdir()) == [new]
