"""Processes of training: commands to start them, and a run's process from launch to stop.

Whoever holds the lock in a run's folder trains there. Only while it is held is the process that the
heartbeat names signalled: later the number may belong to another process. One run at a time holds
the lock of all runs beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.runs import lock
from training.runs.run_folder import HEARTBEAT, LOCK, STOP, process_info, read_json

CHECKOUT = Path(__file__).resolve().parents[2]
TRAINING, OLD_TRAINING = "training.json", "recipe.json"  # the config that a run is started with
LOG, ALL_RUNS = "log.txt", ".lock"
LISTEN_S = 20.0  # to notice the wish to stop: a step of a large net on a busy machine
SAVE_S = 120.0  # to save, once it has noticed
HUNG_S = 15.0  # without a heartbeat
LEAVE_S, KILL_S = 0.3, 30.0  # to exit after the last write; at most, to vanish when killed
POLL_S = 0.05


def command(*arguments: str | Path) -> list[str]:
    """The command line of a training process: `python -m training ARGUMENTS`."""
    return [sys.executable, "-m", "training", *map(str, arguments)]


def training_file(folder: Path) -> Path:
    """The training config that a run is started with; older runs have it by another name."""
    old = folder / OLD_TRAINING
    return old if old.is_file() else folder / TRAINING


def is_live(folder: Path) -> bool:
    """Whether a process trains in the folder now."""
    return lock.held(folder / LOCK)


@contextlib.contextmanager
def locks(folder: Path) -> Iterator[list[int] | None]:
    """The lock of all runs and that of this run; None where another process holds one of them.

    Locks that were not handed over to a process are released at the end.
    """
    descriptors: list[int] = []
    try:
        for path in (folder.parent / ALL_RUNS, folder / LOCK):
            descriptor = lock.take(path)
            if descriptor is None:
                break
            descriptors.append(descriptor)
        yield descriptors if len(descriptors) == 2 else None
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def launch(folder: Path, settings: dict[str, Any], held: list[int], *, resume: bool) -> None:
    """Starts the training process of a run folder and hands the locks over to it.

    Args:
        folder: of the run, with its training config.
        settings: "data", and "base", "steps", "minutes" where they are not None.
        held: the locks, from `locks`.
        resume: go on from the last saved state.
    """
    for name in (STOP, HEARTBEAT):
        (folder / name).unlink(missing_ok=True)
    arguments: list[str | Path] = ["run", training_file(folder), "--run", folder]
    for path in settings["data"]:
        arguments += ["--data", path]
    for name in ("base", "steps", "minutes"):
        if settings.get(name) is not None:
            arguments += [f"--{name}", str(settings[name])]
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            command(*arguments, *(["--resume"] if resume else [])),
            cwd=CHECKOUT,
            env=lock.handed_over(held),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=held,
            start_new_session=True,
        )
    _write_first_heartbeat(folder, process.pid)
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie


def _write_first_heartbeat(folder: Path, pid: int) -> None:
    """Names the process until its own first heartbeat, which this must not overwrite."""
    beat = {**process_info(pid), "step": 0, "state": "starting"}
    with contextlib.suppress(FileExistsError), (folder / HEARTBEAT).open("x") as file:
        file.write(json.dumps(beat))


def stop(folder: Path) -> None:
    """Ends the run's process; see `training.runs.run.Run.stop`.

    A process that has noticed the wish to stop is given the time to save. It is killed where it
    does not notice within `LISTEN_S`, or has shown no heartbeat for `HUNG_S`.
    """
    (folder / STOP).touch()
    _signal(folder, signal.SIGTERM)
    begun = time.monotonic()
    while is_live(folder):
        beat = read_json(folder / HEARTBEAT)
        state = beat.get("state")
        patience_s = SAVE_S if state == "stopping" else LISTEN_S
        hung = time.time() - beat.get("time", 0.0) > HUNG_S
        if state == "ended" or hung or time.monotonic() - begun > patience_s:
            break
        time.sleep(POLL_S)
    _wait_until_gone(folder, LEAVE_S)
    _signal(folder, signal.SIGKILL)
    _wait_until_gone(folder, KILL_S)


def _wait_until_gone(folder: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while is_live(folder) and time.monotonic() < until:
        time.sleep(POLL_S)


def _signal(folder: Path, number: signal.Signals) -> None:
    """Sends SIGTERM to the process alone, since an early end of its data worker would be an error;
    SIGKILL to its group, where it leads one."""
    beat = read_json(folder / HEARTBEAT)
    pid, group = beat.get("pid"), beat.get("pgid")
    if not pid or not is_live(folder):
        return
    with contextlib.suppress(ProcessLookupError):
        if number == signal.SIGKILL and pid == group:
            os.killpg(group, number)
        else:
            os.kill(pid, number)
