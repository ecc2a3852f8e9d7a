"""A stand-in for a training process, and where runs of a test lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.runs import LIVE, PYTHON, TINY
from training.runs import processes, run as runs


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "training.json"
    path.write_text(json.dumps(TINY))
    return path


@pytest.fixture
def among(tmp_path: Path) -> Path:
    path = tmp_path / "runs"
    path.mkdir()
    return path


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A process that does all that a run does but learn: starts in no time."""

    def use(listens: bool = True, starts_s: float = 0.0, saves_s: float = 0.0) -> None:
        script = tmp_path / "stand_in"
        times = {"starts_s": starts_s, "saves_s": saves_s}
        code = LIVE.format(checkout=str(processes.CHECKOUT), listens=listens, **times)
        script.write_text(f"#!{PYTHON}\n{code}")
        script.chmod(0o755)
        monkeypatch.setattr(processes.sys, "executable", str(script))
        for patience in ("LISTEN_S", "HUNG_S"):  # a busy machine is not a deaf run
            monkeypatch.setattr(processes, patience, 300.0)

    return use


@pytest.fixture(autouse=True)
def leave_no_process(among: Path):
    yield
    for run in runs.find(among):
        run.stop()
