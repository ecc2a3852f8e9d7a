"""Runs: started, found again after a restart of the app, stopped, resumed, cleaned away.

A run is a folder and a process, `python -m training`, that goes on when page and app are gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.runs import lock, processes
from training.runs.processes import LOG, RECIPE
from training.runs.run_folder import (
    CONFIG,
    EVENTS,
    HEARTBEAT,
    LAST,
    STOP,
    VERDICT,
    RunFolder,
    read_events,
    read_json,
    write_json,
)

START, KEPT = "start.json", "kept"
STARTING = "It was stopped before it had learned anything more: nothing is lost."
KILLED = "It was killed before it could save; the state that it saved last is kept."


class Busy(ValueError):
    """A run is going on, and one at a time is allowed."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        reason: "done", "stopped", "no improvement", "diverged", "failed", or "lost" when the
            process was killed.
        text: for people; may be empty.
    """

    reason: str
    text: str


@dataclass(frozen=True)
class Run:
    """One run folder, whether its process lives or not."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def is_live(self) -> bool:
        """Whether a process trains here now."""
        return processes.is_live(self.folder)

    def heartbeat(self) -> dict[str, Any]:
        """pid, pgid, time, step and state, as last written; empty before the first."""
        return read_json(self.folder / HEARTBEAT)

    def state(self) -> str:
        """One of "starting", "running", "stopping", "ended", and "lost": killed, can resume."""
        said = self.heartbeat().get("state")
        if self.is_live():
            return "stopping" if (self.folder / STOP).exists() else said or "starting"
        return "ended" if said == "ended" or (said != "starting" and self._end()) else "lost"

    def config(self) -> dict[str, Any]:
        """What the run wrote of itself; empty while it starts."""
        return read_json(self.folder / CONFIG)

    def started(self) -> float:
        """When, in seconds since 1970."""
        for name in (START, CONFIG):
            with contextlib.suppress(OSError):
                return (self.folder / name).stat().st_mtime
        return 0.0

    def events(self) -> list[dict[str, Any]]:
        """All events so far."""
        return read_events(self.folder)

    def log(self, count: int = 20) -> str:
        """The last lines that the process printed."""
        try:
            lines = (self.folder / LOG).read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-count:])

    def size(self) -> int:
        """Bytes on disk."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files)

    def outcome(self) -> Outcome | None:
        """How it ended; None while it lives."""
        state = self.state()
        if state == "lost":
            return Outcome("lost", "The process was killed. Its last saved state can be resumed.")
        if state != "ended":
            return None
        end = self._end() or {"reason": "failed"}  # before its first step
        reason, text = end.get("reason", "done"), end.get("text", "")
        if reason == "failed" and not text:
            text = self.log(1).removeprefix("training: ")
        return Outcome(reason, text)

    def stop(self) -> None:
        """Ends the run within 3 s: at once while it starts; later it saves and leaves, or is killed
        where it does not listen."""
        if not self.is_live():
            return
        processes.stop(self.folder)
        if self.state() == "lost":
            beat = self.heartbeat()
            text = STARTING if beat.get("state") == "starting" else KILLED
            RunFolder(self.folder).event(
                "end", step=beat.get("step", 0), reason="stopped", text=text
            )
            write_json(self.folder / HEARTBEAT, {**beat, "state": "ended"})

    def resume(self, *, steps: int | None = None, minutes: float | None = None) -> None:
        """Goes on from the last saved state, or from the start where none was saved yet.

        Args:
            steps, minutes: a new length of the whole run, what is done already included.

        Raises:
            Busy: this run or another one is going on.
        """
        with processes.locks(self.folder) as held:
            if held is None:
                raise busy(self.folder.parent)
            start = read_json(self.folder / START) or self._start()
            if steps or minutes:
                start |= {"steps": steps, "minutes": minutes}
                write_json(self.folder / START, start)
            saved = (self.folder / LAST).is_file()
            if not saved:
                (self.folder / EVENTS).unlink(missing_ok=True)
            processes.launch(self.folder, start, held, resume=saved)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """While its weights are read for something: meanwhile it is not cleaned away."""
        descriptor = lock.take(self.folder / KEPT, shared=True)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def base(self) -> Path | None:
        """The folder of the checkpoint that it starts from."""
        found = (read_json(self.folder / START) or self.config()).get("base")
        return Path(found) if found else None

    def verdict(self) -> dict[str, Any]:
        """See `training.evaluation.verdict.Verdict.as_dict`; empty where there is none yet."""
        return read_json(self.folder / VERDICT)

    def judge(self) -> dict[str, Any]:
        """Reaches a verdict now, which a run that was stopped had no time for; takes a while.

        Raises:
            ValueError: nothing to judge, or nothing to judge it on.
        """
        command = [sys.executable, "-m", "training.evaluation.judge", str(self.folder)]
        done = subprocess.run(command, cwd=processes.CHECKOUT, capture_output=True, text=True)
        if done.returncode:
            raise ValueError((done.stderr.strip() or "verdict: failed").splitlines()[-1])
        return self.verdict()

    def _end(self) -> dict[str, Any] | None:
        """The last event, if it is the end."""
        events = self.events()
        return events[-1] if events and events[-1]["event"] == "end" else None

    def _start(self) -> dict[str, Any]:
        """How a run was started that was started by hand; its recipe is written out."""
        config = self.config()
        if not config:
            raise ValueError(f"{self.folder}: not a run, or one that never began")
        write_json(self.folder / RECIPE, config["recipe"])
        return {"data": config["data"], "base": config.get("base")}


def root() -> Path:
    """Where runs live: $WAVEMEND_RUNS, else runs/ in the checkout."""
    return Path(os.environ.get("WAVEMEND_RUNS") or processes.CHECKOUT / "runs")


def start(
    recipe: Path,
    data: Sequence[Path],
    folder: Path,
    *,
    base: Path | None = None,
    steps: int | None = None,
    minutes: float | None = None,
) -> Run:
    """Starts a run and returns while it starts.

    Args:
        recipe: JSON file; the run keeps a copy.
        data: folders of recordings.
        folder: of the run, new; of the runs that lie beside it one goes at a time.
        base: folder of the checkpoint to start from.
        steps, minutes: length of the run, where it is not the recipe's.

    Raises:
        Busy: another run is going on.
        ValueError: the folder holds a run.
    """
    run = Run(folder.resolve())
    run.folder.mkdir(parents=True, exist_ok=True)
    with processes.locks(run.folder) as held:
        if held is None:
            with contextlib.suppress(OSError):
                run.folder.rmdir()
            raise busy(run.folder.parent)
        RunFolder(run.folder).refuse_overwriting()
        shutil.copyfile(recipe, run.folder / RECIPE)
        settings = {
            "data": [str(path.resolve()) for path in data],
            "base": str(base.resolve()) if base else None,
            "steps": steps,
            "minutes": minutes,
        }
        write_json(run.folder / START, settings)
        processes.launch(run.folder, settings, held, resume=False)
    return run


def find(among: Path | None = None) -> list[Run]:
    """All runs in a folder of runs, the newest first."""
    among = among or root()
    found = [
        Run(path)
        for path in (among.iterdir() if among.is_dir() else ())
        if (path / START).is_file() or (path / CONFIG).is_file()
    ]
    return sorted(found, key=lambda run: (run.started(), run.name), reverse=True)


def current(among: Path | None = None) -> Run | None:
    """The run that is going on."""
    return next((run for run in find(among) if run.is_live()), None)


def busy(among: Path) -> Busy:
    """What to raise where a second run is asked for."""
    other = current(among)
    name = f" ({other.name})" if other else ""
    return Busy(f"A training run is going on{name}: stop it, or wait until it ends.")
