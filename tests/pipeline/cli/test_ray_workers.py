"""Ray: a real one of several processes gives the same results, though a worker is killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.cli import batch
from pipeline.cli.console import Display
from pipeline.cli.dashboard import run_all
from pipeline.cli.ray_workers import RayCrew
from pipeline.restoration import RestoredFile, restore_file
from pipeline.stage import Tick
from tests.support.helpers import tone


class Restorer:
    """Restores a file; the worker that gets "2.wav" first is killed half-way."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, job: batch.Job, tick: Tick) -> RestoredFile:
        if job.source.name == "2.wav" and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        recipe = {"version": 1, "stages": [{"stage": "tone"}]}
        return restore_file(job.source, job.folder, recipe, tick)


def test_a_killed_worker_loses_nothing_and_the_results_are_those_of_one_process(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    (tmp_path / "in").mkdir()
    for name in range(5):
        noise = 0.1 * rng.standard_normal((1, 8000)).astype(np.float32)
        save(Audio(noise, 16_000), tmp_path / f"in/{name}.wav")
    (tmp_path / "in/bad.wav").write_text("no sound")
    sources = sorted((tmp_path / "in").iterdir())
    ended: list[str] = []

    def restored(folder: str, **options: Any) -> dict[str, bytes]:
        jobs = [batch.Job(source, tmp_path / folder, 0.5) for source in sources]
        with Display(1.0, quiet=True) as display:
            results, failures = run_all(
                jobs, Restorer(tmp_path / "killed"), str, display,
                lambda job, outcome: ended.append(job.source.name), **options,
            )  # fmt: skip
        assert [failure.source.name for failure in failures] == ["bad.wav"]
        return {result.path.name: result.path.read_bytes() for result in results}

    by_ray = restored("out", n_workers=2, ray="local")
    assert (tmp_path / "killed").exists()
    assert sorted(ended) == [source.name for source in sources]
    assert len(by_ray) == 5 and by_ray == restored("alone", n_workers=1)


def test_without_the_package_the_cure_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    save(tone(seconds=0.1), tmp_path / "a.wav")
    arguments = ["separate", str(tmp_path / "a.wav"), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*arguments, "--model", "mid_side", "--ray", "local"])
    assert done.exit_code == 2 and "requirements-ray.txt" in done.stderr


def test_a_ray_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**options: Any) -> None:
        raise Exception("the node timed out")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    with pytest.raises(ValueError, match=r"--ray local: no cluster answers \(the node timed out\)"):
        RayCrew(Restorer(Path()), "local", 1)
