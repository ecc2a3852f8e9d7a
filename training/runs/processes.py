"""The process of a run: launched in a session of its own, stopped, and never taken for another.

Who holds the lock in a run's folder trains there; only while it is held is the process that the
heartbeat names signalled, for a number may be another process's later. One run at a time holds the
lock of all runs that lie beside it.
"""

from __future__ import annotations

import contextlib
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
from training.runs.run_folder import HEARTBEAT, LOCK, STOP, read_json, who, write_json

CHECKOUT = Path(__file__).resolve().parents[2]
RECIPE, LOG, ALL_RUNS = "recipe.json", "log.txt", ".lock"
STOP_S, LEAVE_S, KILL_S = 2.2, 0.3, 2.0  # to end by itself, to leave then, to vanish when killed
LOOK_S = 0.05


def is_live(folder: Path) -> bool:
    """Whether a process trains in the folder now."""
    return lock.held(folder / LOCK)


@contextlib.contextmanager
def locks(folder: Path) -> Iterator[list[int] | None]:
    """The lock of all runs and that of this one, or None where one of them is another's.

    What was not handed over to a process is let go of at the end.
    """
    taken: list[int] = []
    try:
        for path in (folder.parent / ALL_RUNS, folder / LOCK):
            descriptor = lock.take(path)
            if descriptor is None:
                break
            taken.append(descriptor)
        yield taken if len(taken) == 2 else None
    finally:
        for descriptor in taken:
            os.close(descriptor)


def launch(folder: Path, settings: dict[str, Any], held: list[int], *, resume: bool) -> None:
    """Starts `python -m training` on the folder's recipe and hands the locks over to it.

    Args:
        folder: of the run.
        settings: "data", and "base", "steps", "minutes" where they are not None.
        held: what `locks` gave.
        resume: go on from the last saved state.
    """
    for name in (STOP, HEARTBEAT):
        (folder / name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "training", str(folder / RECIPE)]
    command += ["--run", str(folder), "--data", *settings["data"]]
    for name in ("base", "steps", "minutes"):
        if settings.get(name) is not None:
            command += [f"--{name}", str(settings[name])]
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [*command, "--resume"] if resume else command,
            cwd=CHECKOUT,
            env=lock.handed_over(held),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=held,
            start_new_session=True,
        )
    if not (folder / HEARTBEAT).exists():
        write_json(folder / HEARTBEAT, {**who(process.pid), "step": 0, "state": "starting"})
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie


def stop(folder: Path) -> None:
    """Ends the process within 3 s: see `training.runs.run.Run.stop`."""
    (folder / STOP).touch()
    _signal(folder, signal.SIGTERM)
    _wait(folder, STOP_S, or_ended=True)
    _wait(folder, LEAVE_S)
    _signal(folder, signal.SIGKILL)
    _wait(folder, KILL_S)


def _wait(folder: Path, seconds: float, *, or_ended: bool = False) -> None:
    """Until the process is gone, or has said that it has nothing more to do."""
    until = time.monotonic() + seconds
    while is_live(folder) and time.monotonic() < until:
        if or_ended and read_json(folder / HEARTBEAT).get("state") == "ended":
            return
        time.sleep(LOOK_S)


def _signal(folder: Path, number: signal.Signals) -> None:
    """SIGTERM for the process alone, for which a data worker that ends early is an error; SIGKILL
    for its group, where it leads one."""
    beat = read_json(folder / HEARTBEAT)
    pid, group = beat.get("pid"), beat.get("pgid")
    if not pid or not is_live(folder):
        return
    with contextlib.suppress(ProcessLookupError):
        if number == signal.SIGKILL and pid == group:
            os.killpg(group, number)
        else:
            os.kill(pid, number)
