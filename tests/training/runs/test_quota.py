"""Room for runs: the oldest go, and none that is needed; what cannot fit is refused."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from training.runs import quota, lock, processes, run as runs
from training.runs.quota import GIB, Limits
from training.runs.run_folder import LOCK, RunConfig, RunFolder, write_json


def made(among: Path, name: str, age_days: float, size: int = 1000) -> runs.Run:
    folder = RunFolder(among / name)
    folder.write_config(RunConfig())
    (folder.path / "last.pt").write_bytes(bytes(size))
    past = time.time() - age_days * quota.DAY_S
    os.utime(folder.path / "config.json", (past, past))
    return runs.Run(folder.path)


def names(among: Path) -> list[str]:
    return [run.name for run in runs.find(among)]


def test_what_cannot_fit_is_refused_and_nothing_is_deleted(tmp_path: Path) -> None:
    made(tmp_path, "a", 1)
    with pytest.raises(ValueError, match=r"takes 3 GB of disk, .* take 2 GB here: give fewer"):
        Limits(gigabytes=2).make_room(3 * GIB, tmp_path)
    assert names(tmp_path) == ["a"]


def test_the_oldest_make_room_for_the_next(tmp_path: Path) -> None:
    for age, name in enumerate("abc"):
        made(tmp_path, name, age)
    size = runs.find(tmp_path)[0].size()
    rules = Limits(gigabytes=3.5 * size / GIB)
    assert rules.make_room(0, tmp_path) == []
    assert rules.make_room(size, tmp_path) == ["c"]
    assert Limits(days=0.5).make_room(10 * GIB, tmp_path) == ["b"]
    assert Limits().make_room(10 * GIB, tmp_path) == [] and names(tmp_path) == ["a"]


def test_weights_that_are_being_read_are_kept(tmp_path: Path) -> None:
    run = made(tmp_path, "a", 100)
    with run.kept(), run.kept():
        assert quota.clean(tmp_path, keep_bytes=0, keep_days=1) == []
        with pytest.raises(ValueError, match="Runs in use fill the space"):
            Limits(gigabytes=1e-9).make_room(0, tmp_path)
    assert quota.clean(tmp_path, keep_days=1) == ["a"]


def test_what_a_live_run_starts_from_is_kept(tmp_path: Path) -> None:
    origin, live = made(tmp_path, "origin", 100), made(tmp_path, "live", 0)
    made(tmp_path, "other", 100)
    write_json(live.folder / runs.START, {"base": str(origin.folder / "best")})
    held = lock.take(live.folder / LOCK)
    try:
        assert processes.is_live(live.folder)
        assert quota.clean(tmp_path, keep_bytes=0) == ["other"]
    finally:
        os.close(held)
    assert quota.clean(tmp_path, keep_bytes=0) == ["live", "origin"]
