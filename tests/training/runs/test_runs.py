"""Runs as processes: one at a time, found again, stopped in time, killed and resumed, cleaned."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.support.runs import PYTHON, TINY, wait_for
from training.evaluation.judge import judge_run
from training.runs import quota, lock, processes, run as runs
from training.runs.run_folder import HEARTBEAT, LOCK, STOP, RunConfig, RunFolder, write_json

RATE = 48_000


def test_a_run_starts_is_found_and_stops_by_itself(stand_in, among, config) -> None:
    stand_in()
    run = runs.start(config, [among], among / "one", minutes=5)
    assert run.is_live() and run.outcome() is None
    wait_for(lambda: run.state() == "running")
    assert runs.current(among) == run and runs.find(among) == [run]
    beat = run.heartbeat()
    assert beat["pid"] == beat["pgid"] != os.getpgid(0)
    run.stop()
    assert run.state() == "ended" and run.outcome() == runs.Outcome("stopped", "")
    assert runs.current(among) is None


def test_one_run_at_a_time_and_the_next_one_after_it(stand_in, among, config) -> None:
    stand_in()
    first = runs.start(config, [among], among / "first")
    with pytest.raises(runs.Busy, match="going on: stop it") as busy:
        runs.start(config, [among], among / "second")
    assert "first" not in str(busy.value)
    with pytest.raises(runs.Busy):
        first.resume()
    assert not (among / "second").exists()
    first.stop()
    second = runs.start(config, [among], among / "second")
    assert second.is_live()


def test_kill_9_frees_the_locks_and_the_run_is_lost(stand_in, among, config) -> None:
    stand_in()
    run = runs.start(config, [among], among / "one")
    wait_for(lambda: run.state() == "running")
    os.kill(run.heartbeat()["pid"], signal.SIGKILL)
    wait_for(lambda: not run.is_live())
    assert run.state() == "lost" and run.outcome().reason == "lost"
    run.resume()
    assert run.is_live()


def test_the_app_may_die_and_another_one_finds_and_stops_the_run(stand_in, among, config) -> None:
    stand_in()
    code = (
        f"import sys; sys.path.insert(0, {str(processes.CHECKOUT)!r}); from pathlib import Path; "
        f"from training.runs import processes, run as runs; sys.executable = {processes.sys.executable!r}; "
        f"runs.start(Path({str(config)!r}), [], Path({str(among / 'one')!r}))"
    )
    subprocess.run([PYTHON, "-c", code], check=True)
    run = runs.current(among)
    assert run is not None and run.name == "one"
    wait_for(lambda: run.state() == "running")
    run.stop()
    assert run.state() == "ended"


def test_cleaning_takes_the_oldest_and_never_the_running_one(stand_in, among, config) -> None:
    for age, name in ((50, "b"), (100, "a"), (10, "c")):
        folder = RunFolder(among / name)
        folder.write_config(RunConfig(training=TINY))
        (folder.path / "last.pt").write_bytes(bytes(10_000))
        past = time.time() - age * quota.DAY_S
        os.utime(folder.path / "config.json", (past, past))
    stand_in()
    live = runs.start(config, [], among / "live")
    past = time.time() - 500 * quota.DAY_S
    os.utime(live.folder / runs.START, (past, past))
    assert quota.clean(among, keep_days=70) == ["a"]
    assert quota.clean(among, keep_bytes=15_000) == ["b"]
    assert quota.clean(among, keep_bytes=0) == ["c"]
    assert runs.find(among) == [live] and live.is_live()


@pytest.mark.slow
def test_a_real_run_stops_saves_and_resumes(among: Path, config: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "voices").mkdir()
    for number in range(3):
        sound = 0.1 * rng.standard_normal(RATE).astype(np.float32)
        sf.write(tmp_path / "voices" / f"{number}.wav", sound, RATE)
    run = runs.start(config, [tmp_path / "voices"], among / "real")
    wait_for(lambda: run.state() == "running" and (run.folder / "last.pt").is_file())
    run.stop()
    assert run.outcome() == runs.Outcome("stopped", "")
    steps = run.events()[-1].step
    assert steps > 0
    run.resume(steps=steps + 5)
    wait_for(lambda: run.state() in ("ended", "lost"))
    assert run.outcome().reason == "done", run.log()
    assert run.events()[-1].step == steps + 5


@pytest.mark.slow
def test_a_run_without_data_says_so(among: Path, config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = runs.start(config, [tmp_path / "empty"], among / "none")
    wait_for(lambda: not run.is_live())
    assert run.outcome().reason == "failed"
    with pytest.raises(ValueError, match="kept no weights"):
        judge_run(run.folder)
    assert run.outcome().text.startswith("data: no recording")
