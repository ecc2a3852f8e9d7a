"""Several processes: each file once, whoever is killed, and the same results as with one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio
from pipeline.cli.batch import Failure, Job
from pipeline.cli.dashboard import Board
from pipeline.cli.manifest import NAME
from pipeline.cli.workers import ATTEMPTS, Died, LocalCrew, run
from pipeline.stage import Tick

ROOT = Path(__file__).parents[3]
JOBS = [Job(Path(f"{name}.wav"), Path("out"), 1.0) for name in range(6)]


class Rehearsal:
    """A crew without processes: a worker of a job in `deadly` dies as often as it says there."""

    def __init__(self, deadly: dict[Job, int]) -> None:
        self.deadly, self.given, self.stopped, self.most = dict(deadly), [], [], 0
        self.tasks: dict[int, Job] = {}

    def start(self) -> Any:
        return object()

    def give(self, worker: Any, job: Job) -> None:
        self.given.append(job)
        self.tasks[id(worker)] = job

    def wait(self, workers: Sequence[Any]) -> list[tuple[Any, Any]]:
        self.most = max(self.most, len(workers))
        worker = workers[-1]
        job = self.tasks[id(worker)]
        if self.deadly.get(job, 0):
            self.deadly[job] -= 1
            return [(worker, Died())]
        return [(worker, job.source.name)]

    def stop(self, worker: Any) -> None:
        self.stopped.append(worker)


def test_each_file_is_done_once_and_no_more_at_a_time_than_there_are_workers() -> None:
    crew = Rehearsal({})
    outcomes = [event.outcome for event in run(JOBS, crew, 3)]
    assert sorted(outcomes) == [job.source.name for job in JOBS]
    assert crew.most == 3 and len(crew.given) == 6 and len(crew.stopped) == 3


def test_a_file_whose_worker_dies_is_given_to_another_and_fails_in_the_end() -> None:
    crew = Rehearsal({JOBS[0]: ATTEMPTS - 1, JOBS[1]: ATTEMPTS})
    outcomes = {event.job: event.outcome for event in run(JOBS, crew, 2)}
    assert len(outcomes) == 6 and outcomes[JOBS[0]] == "0.wav"
    assert isinstance(outcomes[JOBS[1]], Failure) and "3 processes" in outcomes[JOBS[1]].error
    assert crew.given.count(JOBS[0]) == ATTEMPTS == crew.given.count(JOBS[1])


class Deadly:
    """Kills its own process the first time that it is given a file called "1.wav"."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "killed"

    def __call__(self, job: Job, tick: Tick) -> str:
        if job.source.name == "1.wav" and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if job.source.name == "2.wav":
            raise ValueError("no sound")
        return job.source.stem


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    events = list(run(JOBS[:4], LocalCrew(Deadly(tmp_path), 1), 2))
    outcomes = {event.job.source.name: event.outcome for event in events}
    assert (tmp_path / "killed").exists()
    assert outcomes.pop("2.wav") == Failure(Path("2.wav"), "2.wav: no sound")
    assert outcomes == {"0.wav": "0", "1.wav": "1", "3.wav": "3"}


def command(folder: Path, *options: str) -> list[str]:
    recipe = {"version": 1, "stages": [{"stage": "tone"}]}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    arguments = ["restore", str(folder / "in"), "--recipe", str(folder / "recipe.json"), *options]
    return [sys.executable, "-m", "pipeline", *arguments]


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.wav")}


def test_a_run_that_is_killed_is_finished_by_the_next_with_the_same_results(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    (tmp_path / "in").mkdir()
    for name in range(6):
        noise = 0.1 * rng.standard_normal((1, 16_000)).astype(np.float32)
        save(Audio(noise, 16_000), tmp_path / f"in/{name}.wav")
    out, alone = tmp_path / "out", tmp_path / "alone"
    killed = subprocess.Popen(command(tmp_path, "-o", str(out), "--workers", "2"), cwd=ROOT)
    while not (out / NAME).exists():
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    report = tmp_path / "report.html"
    again = command(tmp_path, "-o", str(out), "--workers", "2", "--json", "--summary", str(report))
    done = subprocess.run(again, cwd=ROOT, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert len(document["skipped"]) >= 1
    names = [Path(one["source"]).name for one in (*document["files"], *document["skipped"])]
    assert sorted(names) == [f"{name}.wav" for name in range(6)]
    assert CliRunner().invoke(app, command(tmp_path, "-o", str(alone))[3:]).exit_code == 0
    assert results(out) == results(alone) and len(results(out)) == 6
    assert "6.wav" not in (page := report.read_text()) and page.count("<td>same</td>") >= 1


def test_the_dashboard_counts_files_sound_and_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(4, started_s=0.0)
    monkeypatch.setattr(time, "monotonic", lambda: 120.0)
    long, other = Job(Path("a"), Path(), 3600.0), Job(Path("b"), Path(), 3600.0)
    board.ended(long, long)
    board.ended(JOBS[0], Failure(JOBS[0].source, "no sound"))
    board.progress(other, 0.5)
    assert board.line() == "2/4 files  1.0 files a minute  45.0 h of sound an hour  1 failure"
