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

from training.runs import quota, lock, processes, run as runs
from training.runs.run_folder import HEARTBEAT, LOCK, STOP, RunFolder, write_json

PYTHON = sys.executable  # which the stand-in takes the place of
RATE = 48_000
TINY = {
    "model": "spectral_enhancer",
    "config": {"widths": [16, 16], "depths": [1, 1], "n_skips": 1, "dropout": 0.1},
    "seconds": 0.2,
    "batch": 2,
    "steps": 100_000,
    "losses": {"waveform": 1.0},
    "validation_share": 0.3,
    "validate_every": 100_000,
    "save_every": 0.0,
    "precision": "no",
}
LIVE = """
import sys, time
sys.path.insert(0, {checkout!r})
from pathlib import Path
from training.runs import lock
from training.runs.run_folder import RunFolder
held = lock.inherit()
folder = RunFolder(Path(sys.argv[sys.argv.index("--run") + 1]))
with folder.heart:
    time.sleep({starts_s})
    for step in range(1, 1000):
        folder.heart.beat(step)
        time.sleep(0.02)
        if {listens} and folder.heart.stop_requested():
            break
    folder.event("end", step=step, reason="stopped")
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.json"
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

    def use(listens: bool = True, starts_s: float = 0.0) -> None:
        script = tmp_path / "stand_in"
        code = LIVE.format(checkout=str(processes.CHECKOUT), listens=listens, starts_s=starts_s)
        script.write_text(f"#!{PYTHON}\n{code}")
        script.chmod(0o755)
        monkeypatch.setattr(processes.sys, "executable", str(script))

    return use


@pytest.fixture(autouse=True)
def leave_no_process(among: Path):
    yield
    for run in runs.find(among):
        run.stop()


def wait_for(condition, seconds: float = 180.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "too slow"
        time.sleep(0.02)


def test_a_run_starts_is_found_and_stops_within_three_seconds(stand_in, among, recipe) -> None:
    stand_in()
    run = runs.start(recipe, [among], among / "one", minutes=5)
    assert run.is_live() and run.outcome() is None
    wait_for(lambda: run.state() == "running")
    assert runs.current(among) == run and runs.find(among) == [run]
    beat = run.heartbeat()
    assert beat["pid"] == beat["pgid"] != os.getpgid(0)
    begun = time.monotonic()
    run.stop()
    assert time.monotonic() - begun < 3
    assert run.state() == "ended" and run.outcome().reason == "stopped"
    assert runs.current(among) is None


def test_one_run_at_a_time_and_the_next_one_after_it(stand_in, among, recipe) -> None:
    stand_in()
    first = runs.start(recipe, [among], among / "first")
    with pytest.raises(runs.Busy, match=r"going on \(first\)"):
        runs.start(recipe, [among], among / "second")
    with pytest.raises(runs.Busy):
        first.resume()
    assert not (among / "second").exists()
    first.stop()
    second = runs.start(recipe, [among], among / "second")
    assert second.is_live()


def test_a_run_that_does_not_listen_is_killed_with_its_group(stand_in, among, recipe) -> None:
    stand_in(listens=False)
    run = runs.start(recipe, [among], among / "deaf")
    wait_for(lambda: run.state() == "running")
    begun = time.monotonic()
    run.stop()
    assert time.monotonic() - begun < 3
    assert run.state() == "ended" and run.outcome().reason == "stopped"
    assert "killed" in run.outcome().text


def test_a_run_that_still_starts_stops_at_once_and_can_go_on(stand_in, among, recipe) -> None:
    stand_in(starts_s=60)
    run = runs.start(recipe, [among], among / "one")
    stops_at_once(run)
    stand_in()
    run.resume()
    wait_for(lambda: run.state() == "running")
    step = run.heartbeat()["step"]
    run.stop()
    assert run.outcome().text == "" and run.heartbeat()["step"] >= step
    (run.folder / "last.pt").write_bytes(b"state")
    stand_in(starts_s=60)
    run.resume()
    stops_at_once(run)
    assert (run.folder / "last.pt").is_file()


def stops_at_once(run: runs.Run) -> None:
    begun = time.monotonic()
    run.stop()
    assert time.monotonic() - begun < 1
    assert run.outcome() == runs.Outcome("stopped", runs.STARTING)


def test_kill_9_frees_the_locks_and_the_run_is_lost(stand_in, among, recipe) -> None:
    stand_in()
    run = runs.start(recipe, [among], among / "one")
    wait_for(lambda: run.state() == "running")
    os.kill(run.heartbeat()["pid"], signal.SIGKILL)
    wait_for(lambda: not run.is_live(), 5)
    assert run.state() == "lost" and run.outcome().reason == "lost"
    run.resume()
    assert run.is_live()


def test_the_app_may_die_and_another_one_finds_and_stops_the_run(stand_in, among, recipe) -> None:
    stand_in()
    code = (
        f"import sys; sys.path.insert(0, {str(processes.CHECKOUT)!r}); from pathlib import Path; "
        f"from training.runs import processes, run as runs; sys.executable = {processes.sys.executable!r}; "
        f"runs.start(Path({str(recipe)!r}), [], Path({str(among / 'one')!r}))"
    )
    subprocess.run([PYTHON, "-c", code], check=True)
    run = runs.current(among)
    assert run is not None and run.name == "one"
    wait_for(lambda: run.state() == "running")
    run.stop()
    assert run.state() == "ended"


def test_what_a_process_forks_does_not_hold_its_lock_on(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import os, sys, time; from pathlib import Path; from training.runs import lock; "
        "lock.keep(lock.take(Path(sys.argv[1]))); child = os.fork(); "
        "time.sleep(5 if child == 0 else 0); print(child, flush=True); os._exit(0)"
    )
    done = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    child = int(done.stdout.readline())
    done.wait(10)
    try:
        assert not lock.held(path)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_number_that_is_another_process_by_now_is_never_signalled(among: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = runs.Run(among / "old")
    RunFolder(run.folder).write_config({"recipe": TINY, "data": []})
    beat = {"pid": other.pid, "pgid": os.getpgid(other.pid), "step": 3, "state": "running"}
    write_json(run.folder / HEARTBEAT, beat)
    (run.folder / LOCK).touch()
    assert run.state() == "lost"
    run.stop()
    assert other.poll() is None
    other.communicate(b"\n")


def test_cleaning_takes_the_oldest_and_never_the_running_one(stand_in, among, recipe) -> None:
    for age, name in ((50, "b"), (100, "a"), (10, "c")):
        folder = RunFolder(among / name)
        folder.write_config({"recipe": TINY})
        (folder.path / "last.pt").write_bytes(bytes(10_000))
        past = time.time() - age * quota.DAY_S
        os.utime(folder.path / "config.json", (past, past))
    stand_in()
    live = runs.start(recipe, [], among / "live")
    past = time.time() - 500 * quota.DAY_S
    os.utime(live.folder / runs.START, (past, past))
    assert quota.clean(among, keep_days=70) == ["a"]
    assert quota.clean(among, keep_bytes=15_000) == ["b"]
    assert quota.clean(among, keep_bytes=0) == ["c"]
    assert runs.find(among) == [live] and live.is_live()


def test_stop_file_and_signal_are_heard_and_a_stale_file_is_not(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    (tmp_path / STOP).touch()
    before = signal.getsignal(signal.SIGTERM)
    with folder.heart as heart:
        assert not heart.stop_requested()
        assert signal.getsignal(signal.SIGTERM) is before
        heart.beat(1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert heart.stop_requested() and heart.state == "stopping"
    assert signal.getsignal(signal.SIGTERM) is before
    assert json.loads((tmp_path / HEARTBEAT).read_text())["state"] == "ended"
    again = RunFolder(tmp_path)
    (tmp_path / STOP).touch()
    assert again.heart.stop_requested()


@pytest.mark.slow
def test_a_real_run_stops_saves_and_resumes(among: Path, recipe: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "voices").mkdir()
    for number in range(3):
        sound = 0.1 * rng.standard_normal(RATE).astype(np.float32)
        sf.write(tmp_path / "voices" / f"{number}.wav", sound, RATE)
    run = runs.start(recipe, [tmp_path / "voices"], among / "real")
    wait_for(lambda: run.state() == "running" and (run.folder / "last.pt").is_file())
    begun = time.monotonic()
    run.stop()
    assert time.monotonic() - begun < 3
    assert run.outcome().reason == "stopped" and "killed" not in run.outcome().text
    steps = run.events()[-1]["step"]
    assert steps > 0
    run.resume(steps=steps + 5)
    wait_for(lambda: run.state() in ("ended", "lost"))
    assert run.outcome().reason == "done", run.log()
    assert run.events()[-1]["step"] == steps + 5


@pytest.mark.slow
def test_a_run_without_data_says_so(among: Path, recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = runs.start(recipe, [tmp_path / "empty"], among / "none")
    wait_for(lambda: not run.is_live())
    assert run.outcome().reason == "failed" and not run.verdict()
    with pytest.raises(ValueError, match="kept no weights"):
        run.judge()
    assert run.outcome().text.startswith("data: no recording")
