"""Stopping a run: it saves, however long that takes; only what does not answer is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.runs import TINY, wait_for
from training.runs import processes, run as runs
from training.runs.run_folder import HEARTBEAT, LOCK, STOP, RunConfig, RunFolder, write_json


class Clock:
    """A run's process as `processes.stop` sees it, on a clock that only sleeping moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, state: str, ends_s: float) -> None:
        self.now_s, self.ends_s, self.signals = 1000.0, 1000.0 + ends_s, []
        beat = {"state": state, "time": 1e9}  # never hung
        for name, stand_in in (
            ("time", self),
            ("is_live", lambda folder: self.now_s < self.ends_s),
            ("read_json", lambda path: beat),
            ("_signal", lambda folder, number: self.signals.append((number, self.now_s - 1000))),
        ):
            monkeypatch.setattr(processes, name, stand_in)

    def monotonic(self) -> float:
        return self.now_s

    time = monotonic

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize(
    ("state", "patience_s"),
    [("running", processes.LISTEN_S), ("starting", processes.LISTEN_S),
     ("stopping", processes.SAVE_S), ("ended", 0.0)],
)  # fmt: skip
def test_a_run_is_killed_only_after_the_time_that_its_state_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, patience_s: float
) -> None:
    """On a busy machine a save took longer than the grace of 2.2 s: the run was killed in it."""
    clock = Clock(monkeypatch, state, ends_s=1e6)
    processes.stop(tmp_path)
    (asked, _), (killed, at_s) = clock.signals
    assert (asked, killed) == (signal.SIGTERM, signal.SIGKILL)
    assert at_s == pytest.approx(patience_s + processes.LEAVE_S, abs=3 * processes.POLL_S)
    clock = Clock(monkeypatch, state, ends_s=patience_s)
    processes.stop(tmp_path)
    assert clock.now_s < clock.ends_s + processes.LEAVE_S + 1, "it waits no longer than it must"


def test_a_run_that_does_not_listen_is_killed_with_its_group(
    stand_in, among, config, monkeypatch
) -> None:
    stand_in(listens=False)
    monkeypatch.setattr(processes, "LISTEN_S", 0.3)
    run = runs.start(config, [among], among / "deaf")
    wait_for(lambda: run.state() == "running")
    run.stop()
    assert run.state() == "ended" and run.outcome() == runs.Outcome("stopped", runs.KILLED)


def test_a_run_whose_heart_stands_still_is_killed(stand_in, among, config, monkeypatch) -> None:
    stand_in()
    monkeypatch.setattr(processes, "HUNG_S", 0.5)
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
    stand_in(starts_s=600)
    run = runs.start(config, [among], among / "one")
    stops_at_once(run)
    stand_in()
    run.resume()
    wait_for(lambda: run.state() == "running")
    step = run.heartbeat()["step"]
    run.stop()
    assert run.outcome().text == "" and run.heartbeat()["step"] >= step
    (run.folder / "last.pt").write_bytes(b"state")
    stand_in(starts_s=600)
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
    assert time.monotonic() - begun < 100  # neither its start nor the patience with a deaf one
    assert run.outcome() == runs.Outcome("stopped", runs.STOPPED_EARLY)
