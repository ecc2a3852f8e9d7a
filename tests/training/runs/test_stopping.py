"""Stopping a run: it saves, however long that takes; only what does not answer is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.runs import TINY, wait_for
from training.runs import processes, run as runs
from training.runs.run_folder import HEARTBEAT, LOCK, STOP, RunConfig, RunFolder, write_json


def test_a_run_that_does_not_listen_is_killed_with_its_group(
    stand_in, among, config, monkeypatch
) -> None:
    monkeypatch.setattr(processes, "LISTEN_S", 0.5)
    stand_in(listens=False)
    run = runs.start(config, [among], among / "deaf")
    wait_for(lambda: run.state() == "running")
    begun = time.monotonic()
    run.stop()
    assert time.monotonic() - begun < 3
    assert run.state() == "ended" and run.outcome().reason == "stopped"
    assert "killed" in run.outcome().text


def test_a_run_that_takes_long_to_save_is_given_the_time(
    stand_in, among, config, monkeypatch
) -> None:
    """On a busy machine a save took longer than the grace of 2.2 s: the run was killed in it."""
    monkeypatch.setattr(processes, "LISTEN_S", 1.0)
    stand_in(saves_s=4.0)
    run = runs.start(config, [among], among / "slow")
    wait_for(lambda: run.state() == "running")
    run.stop()
    assert run.outcome() == runs.Outcome("stopped", "")


def test_a_run_whose_heart_stands_still_is_killed(stand_in, among, config, monkeypatch) -> None:
    monkeypatch.setattr(processes, "HUNG_S", 3.0)
    stand_in()
    run = runs.start(config, [among], among / "hung")
    wait_for(lambda: run.state() == "running")
    os.kill(run.heartbeat()["pid"], signal.SIGSTOP)
    run.stop()
    assert not run.is_live() and run.outcome() == runs.Outcome("stopped", runs.KILLED)


def test_the_first_heartbeat_of_a_process_is_not_overwritten(tmp_path: Path) -> None:
    """The parent names the process; on a busy machine the process itself can be faster."""
    own = {"pid": 1, "state": "ended"}
    write_json(tmp_path / HEARTBEAT, own)
    processes._write_first_heartbeat(tmp_path, os.getpid())
    assert json.loads((tmp_path / HEARTBEAT).read_text()) == own


def test_a_run_that_still_starts_stops_at_once_and_can_go_on(stand_in, among, config) -> None:
    stand_in(starts_s=60)
    run = runs.start(config, [among], among / "one")
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


def test_a_number_that_is_another_process_by_now_is_never_signalled(among: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = runs.Run(among / "old")
    RunFolder(run.folder).write_config(RunConfig(training=TINY))
    beat = {"pid": other.pid, "pgid": os.getpgid(other.pid), "step": 3, "state": "running"}
    write_json(run.folder / HEARTBEAT, beat)
    (run.folder / LOCK).touch()
    assert run.state() == "lost"
    run.stop()
    assert other.poll() is None
    other.communicate(b"\n")


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


def stops_at_once(run: runs.Run) -> None:
    begun = time.monotonic()
    run.stop()
    assert time.monotonic() - begun < 1
    assert run.outcome() == runs.Outcome("stopped", runs.STOPPED_EARLY)
