"""Locks: held by one process, seen by all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from training.runs import lock


def test_those_who_ask_whether_a_run_lives_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    probe = lock.take(path, wait_s=0, shared=True)  # as another visitor's page asks just now
    try:
        assert not lock.held(path)
    finally:
        os.close(probe)
    holder = lock.take(path)
    try:
        assert lock.held(path)
    finally:
        os.close(holder)


def test_what_a_process_forks_does_not_hold_its_lock_on(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import os, sys, time; from pathlib import Path; from training.runs import lock; "
        "lock.keep(lock.take(Path(sys.argv[1]))); child = os.fork(); "
        "child or (print(os.getpid(), flush=True), time.sleep(300)); os._exit(0)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())  # which the child writes: it has left the fork
    try:
        parent.wait(120)
        assert not lock.held(path)
    finally:
        os.kill(child, signal.SIGKILL)
