"""A process of Ray Train: it trains as the command line does, and goes on where the run ended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from training.commands import ray_train
from training.runs.run_folder import LAST


def test_a_process_that_ray_starts_again_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr("training.commands.run.run", lambda config, **rest: calls.append(rest))
    monkeypatch.setenv("ACCELERATE_USE_CPU", "false")
    monkeypatch.chdir(Path.cwd())
    settings = {
        "config": "enhancer-speech", "folder": str(tmp_path), "data": ["/voices"], "base": None,
        "steps": 9, "gpu": False, "cwd": str(tmp_path),
    }  # fmt: skip
    ray_train.train(settings)
    (tmp_path / LAST).touch()
    ray_train.train(settings)
    assert [call["resume"] for call in calls] == [False, True]
    assert calls[0]["data"] == [Path("/voices")] and calls[0]["steps"] == 9
    assert os.environ["ACCELERATE_USE_CPU"] == "true" and Path.cwd() == tmp_path
