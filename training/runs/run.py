"""Runs: start, find after a restart of the app, stop, resume.

A run is a folder and a process, `python -m training run`, which outlives the page and the app.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.runs import lock, processes
from training.runs.processes import LOG, TRAINING
from training.runs.events import EVENTS, Event, read_events
from training.runs.run_folder import (
    CONFIG,
    HEARTBEAT,
    LAST,
    STOP,
    RunConfig,
    RunFolder,
    read_json,
    write_json,
)

START, KEPT = "start.json", "kept"
BUSY = "A training run is going on: stop it, or wait until it ends."
STOPPED_EARLY = "It was stopped before it had learned anything new: nothing is lost."
KILLED = "It did not answer and was killed; the state that it saved last is kept."


class Busy(ValueError):
    """One run at a time is allowed, and one is going on; it may be another person's."""

    def __init__(self) -> None:
        super().__init__(BUSY)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        reason: "done", "stopped", "no improvement", "diverged", "failed", or "lost" where the
            process was killed.
        text: explanation for people; may be empty.
    """

    reason: str
    text: str


@dataclass(frozen=True)
class Run:
    """A run folder, with or without a live process."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def is_live(self) -> bool:
        """Whether a process trains here now."""
        return processes.is_live(self.folder)

    def heartbeat(self) -> dict[str, Any]:
        """pid, pgid, time, step and state as last written; empty before the first."""
        return read_json(self.folder / HEARTBEAT)

    def state(self) -> str:
        """One of "starting", "running", "stopping", "ended", and "lost": killed, can resume."""
        state = self.heartbeat().get("state")
        if self.is_live():
            return "stopping" if (self.folder / STOP).exists() else state or "starting"
        return "ended" if state == "ended" or (state != "starting" and self._end()) else "lost"

    def config(self) -> RunConfig | None:
        """What the run is; None while it starts."""
        return RunConfig.read(self.folder)

    def training(self) -> dict[str, Any]:
        """The training config that it was started with."""
        return read_json(processes.training_file(self.folder))

    def started(self) -> float:
        """Time of its start, in seconds since 1970."""
        for name in (START, CONFIG):
            with contextlib.suppress(OSError):
                return (self.folder / name).stat().st_mtime
        return 0.0

    def events(self) -> list[Event]:
        """All events so far."""
        return read_events(self.folder)

    def log(self, count: int = 20) -> str:
        """The last lines of the process's output."""
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
        end = self._end()  # none before its first step
        reason = (end.text("reason") or "done") if end else "failed"
        text = end.text("text") if end else ""
        if reason == "failed" and not text:
            text = self.log(1).removeprefix("training: ")
        return Outcome(reason, text)

    def stop(self) -> None:
        """Ends the run: at once while it starts; later it saves first, which takes a second or two
        for most networks. It is killed where it does not answer."""
        if not self.is_live():
            return
        processes.stop(self.folder)
        if self.state() == "lost":
            beat = self.heartbeat()
            text = STOPPED_EARLY if beat.get("state") == "starting" else KILLED
            RunFolder(self.folder).event(
                "end", step=beat.get("step", 0), reason="stopped", text=text
            )
            write_json(self.folder / HEARTBEAT, {**beat, "state": "ended"})

    def resume(
        self,
        *,
        steps: int | None = None,
        minutes: float | None = None,
        patience: int | None = None,
    ) -> None:
        """Goes on from the last saved state, or from the start where none was saved yet.

        Args:
            steps, minutes: a new length of the whole run, the part that is done included.
            patience: a new patience; see `training.config.TrainingConfig`.

        Raises:
            Busy: this run or another one is going on.
        """
        with processes.locks(self.folder) as held:
            if held is None:
                raise Busy
            start = read_json(self.folder / START) or self._start()
            if steps or minutes:
                start |= {"steps": steps, "minutes": minutes}
                write_json(self.folder / START, start)
            if patience is not None:
                path = processes.training_file(self.folder)
                write_json(path, {**self.training(), "patience": patience})
            is_saved = (self.folder / LAST).is_file()
            if not is_saved:
                (self.folder / EVENTS).unlink(missing_ok=True)
            processes.launch(self.folder, start, held, resume=is_saved)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the run from being cleaned away while its weights are read."""
        descriptor = lock.take(self.folder / KEPT, shared=True)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def base(self) -> Path | None:
        """The folder of the checkpoint that it starts from."""
        config = self.config()
        base = read_json(self.folder / START).get("base") or (config.base if config else None)
        return Path(base) if base else None

    def _end(self) -> Event | None:
        """The last event, if it is the end."""
        events = self.events()
        return events[-1] if events and events[-1].kind == "end" else None

    def _start(self) -> dict[str, Any]:
        """Data and base of a run that was started by hand; its training config is written out."""
        config = self.config()
        if config is None:
            raise ValueError(f"{self.folder}: not a run, or one that never began")
        write_json(processes.training_file(self.folder), config.training)
        return {"data": config.data, "base": config.base}


def root() -> Path:
    """The folder of all runs: $WAVEMEND_RUNS, else runs/ in the checkout."""
    return Path(os.environ.get("WAVEMEND_RUNS") or processes.CHECKOUT / "runs")


def start(
    config: Path,
    data: Sequence[Path],
    folder: Path,
    *,
    base: Path | None = None,
    steps: int | None = None,
    minutes: float | None = None,
) -> Run:
    """Starts a run and returns while it starts.

    Args:
        config: JSON file of the training config; the run keeps a copy.
        data: folders of recordings.
        folder: of the run, new; of the runs beside it, one goes at a time.
        base: folder of the checkpoint to start from.
        steps, minutes: length of the run, where it is not the config's.

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
            raise Busy
        RunFolder(run.folder).refuse_overwriting()
        shutil.copyfile(config, run.folder / TRAINING)
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
    runs = [
        Run(path)
        for path in (among.iterdir() if among.is_dir() else ())
        if (path / START).is_file() or (path / CONFIG).is_file()
    ]
    return sorted(runs, key=lambda run: (run.started(), run.name), reverse=True)


def current(among: Path | None = None) -> Run | None:
    """The run that is going on."""
    return next((run for run in find(among) if run.is_live()), None)
