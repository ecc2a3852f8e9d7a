"""The run folder: config, events, samples, last state, best checkpoint; every write is atomic."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.files import write_atomically
from training.runs.events import EVENTS, Event, read_events

CONFIG, LAST, BEST = "config.json", "last.pt", "best"
SAMPLES = "samples"
HEARTBEAT, STOP, LOCK, VERDICT = "heartbeat.json", "stop", "lock", "verdict.json"
BEAT_S = 1.0


@dataclass(frozen=True)
class RunConfig:
    """What a run is: its config.json.

    Args:
        training: fields of `training.config.TrainingConfig`.
        data: folders of recordings.
        trained_groups, validation_groups: speakers or groups to learn from, and those held out.
        test_groups: neither trained nor validated on.
        trained_minutes: of sound to learn from.
        base: folder of the checkpoint that it starts from; None for fresh weights.
        device: as torch names it.
    """

    training: dict[str, Any] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    trained_groups: tuple[str, ...] = ()
    validation_groups: tuple[str, ...] = ()
    test_groups: tuple[str, ...] = ()
    trained_minutes: float = 0.0
    base: str | None = None
    device: str = "cpu"

    @staticmethod
    def read(run: Path) -> RunConfig | None:
        """That of a run folder; None before the run has written it."""
        document = read_json(run / CONFIG)
        if not document:
            return None
        document.setdefault("training", document.get("recipe", {}))  # as runs once called it
        known = {one.name for one in dataclasses.fields(RunConfig)}
        fields = {name: value for name, value in document.items() if name in known}
        lists = {name: tuple(v) for name, v in fields.items() if isinstance(v, list)}
        return RunConfig(**{**fields, **lists})


class RunFolder:
    """Files of one training run.

        config.json    what the run is: see `RunConfig`
        events.jsonl   one line per event: start, step, validation, best, end
        last.pt        the state that `--resume` needs
        best/          checkpoint of the best validation
        samples/       held-out recordings: see `training.runs.samples`
        heartbeat.json process and progress: see `Heartbeat`
        stop           ends the run when it appears
        lock           held by the process that trains here
        verdict.json   comparison with the base on held-out recordings

    Args:
        path: made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.heart = Heartbeat(self)

    def write_config(self, config: RunConfig) -> None:
        write_json(self.path / CONFIG, dataclasses.asdict(config))

    def event(self, kind: str, step: int = 0, **values: Any) -> None:
        """Appends an event in one write, so that readers see whole lines."""
        event = Event(kind, round(time.time(), 3), step, values)
        with (self.path / EVENTS).open("a") as file:
            file.write(event.line())

    def save(self, state: dict[str, Any]) -> None:
        import torch

        with write_atomically(self.path / LAST, durable=True) as temporary:
            torch.save(state, temporary)

    def refuse_overwriting(self) -> None:
        """Raises `ValueError` if the folder holds a run, whose state a new run would overwrite."""
        if (self.path / LAST).is_file():
            raise ValueError(f"{self.path}: holds a run; add --resume, or name another --run")

    def load(self) -> dict[str, Any]:
        """The last saved state.

        Raises:
            ValueError: the run has none.
        """
        import torch

        path = self.path / LAST
        if not path.is_file():
            raise ValueError(f"{path}: nothing to resume; start without --resume")
        return torch.load(path, map_location="cpu", weights_only=True)

    def drop_unfinished(self, step: int) -> None:
        """Removes what a killed process left: states half-written, and events after its last save.

        The resumed run writes those again. One process alone may call this, before it saves.
        """
        for partial in self.path.glob(f".{LAST}.*"):
            partial.unlink(missing_ok=True)
        path = self.path / EVENTS
        if not path.is_file():
            return
        text = "".join(event.line() for event in read_events(self.path) if event.step <= step)
        with write_atomically(path) as temporary:
            temporary.write_text(text)


class Heartbeat:
    """Writes once a second that a run lives and how far it is, and receives the wish to stop.

        with folder.heart:
            while not folder.heart.stop_requested():
                ...
                folder.heart.beat(step)

    While entered, SIGINT asks the run to stop, as the file "stop" does, instead of ending the
    process. SIGTERM does so from the first beat on: before, nothing has been learned yet and the
    process ends at once. Not entered, a heartbeat writes nothing and obeys the file only.

    States: "starting", "running" from the first beat on, "stopping" once the run knows that it is
    to stop, "ended".

    Args:
        folder: of the run.
        every_s: seconds between two beats.
    """

    def __init__(self, folder: RunFolder, every_s: float = BEAT_S) -> None:
        self.folder, self.every_s = folder, every_s
        self.step, self.state = 0, "starting"
        self._asked, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Heartbeat:
        (self.folder.path / STOP).unlink(missing_ok=True)  # of an earlier stretch of the run
        self._obey(signal.SIGINT)
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.state = "ended"
        self._write()

    def beat(self, step: int) -> None:
        """Reports the present step; the first beat ends the state "starting"."""
        self.step = step
        if self.state == "starting":
            self.state = "running"
            if self._thread.is_alive():
                self._obey(signal.SIGTERM)

    def stop_requested(self) -> bool:
        """Whether the run is to save and end; asked at every step and between validation cases."""
        if not self._asked.is_set() and not (self.folder.path / STOP).exists():
            return False
        self._asked.set()
        self.state = "stopping"
        return True

    def _obey(self, number: signal.Signals) -> None:
        """Takes a signal as the wish to stop; only a main thread can."""
        if threading.current_thread() is threading.main_thread():
            self._handlers[number] = signal.signal(number, lambda *_: self._asked.set())

    def _beat_on(self) -> None:
        while not self._over.wait(self.every_s):
            self._write()

    def _write(self) -> None:
        beat = {"step": self.step, "state": self.state}
        write_json(self.folder.path / HEARTBEAT, {**process_info(os.getpid()), **beat})


def process_info(pid: int) -> dict[str, Any]:
    """The part of a heartbeat that identifies a process, and the present time."""
    return {"pid": pid, "pgid": os.getpgid(pid), "time": round(time.time(), 3)}


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes JSON; a reader sees the old file or the new one, never a part."""
    text = json.dumps(value, indent=1) + "\n"
    with write_atomically(path) as temporary:
        temporary.write_text(text)
