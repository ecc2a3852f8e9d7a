"""The run folder: config, events, samples, last state, best checkpoint; every write is atomic."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from pipeline.files import write_atomically

CONFIG, EVENTS, LAST, BEST = "config.json", "events.jsonl", "last.pt", "best"
HEARTBEAT, STOP, LOCK, VERDICT = "heartbeat.json", "stop", "lock", "verdict.json"
BEAT_S = 1.0


class RunFolder:
    """Files of one training run.

        config.json    the recipe and the split, as run
        events.jsonl   one line an event: start, step, validation, best, end
        last.pt        everything that `--resume` needs
        best/          checkpoint with the best validation
        samples/       validation recordings as restored
        heartbeat.json who trains here, and how far; see `Heartbeat`
        stop           when it appears, the run ends
        lock           held by the process that trains here
        verdict.json   better or worse than the base, on held-out recordings

    Args:
        path: made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.heart = Heartbeat(self)

    def write_config(self, config: dict[str, Any]) -> None:
        write_json(self.path / CONFIG, config)

    def event(self, kind: str, **values: Any) -> None:
        """Appends one line {"time", "event", ...} in one write, so a reader sees whole lines."""
        line = json.dumps({"time": round(time.time(), 3), "event": kind, **values}) + "\n"
        with (self.path / EVENTS).open("a") as file:
            file.write(line)

    def save(self, state: dict[str, Any]) -> None:
        import torch

        with write_atomically(self.path / LAST, durable=True) as temporary:
            torch.save(state, temporary)

    def refuse_overwriting(self) -> None:
        """Raises `ValueError` if a run is here already: a new one would lose its state."""
        if (self.path / LAST).is_file():
            raise ValueError(f"{self.path}: holds a run; add --resume, or name another --run")

    def load(self) -> dict[str, Any]:
        """The last saved state.

        Raises:
            ValueError: the run has none.
        """
        import torch

        path = self.path / LAST
        for half in self.path.glob(f".{LAST}.*"):  # written when its process was killed
            half.unlink(missing_ok=True)
        if not path.is_file():
            raise ValueError(f"{path}: nothing to resume; start without --resume")
        return torch.load(path, map_location="cpu", weights_only=True)

    def forget_events_after(self, step: int) -> None:
        """Drops what a killed run did after its last save, which a resumed run does again."""
        path = self.path / EVENTS
        if not path.is_file():
            return
        lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
        kept = [line for line in lines if json.loads(line).get("step", 0) <= step]
        text = "".join(line + "\n" for line in kept)
        with write_atomically(path) as temporary:
            temporary.write_text(text)


class Heartbeat:
    """Says every second that a run lives and how far it is, and hears when it is to stop.

        with folder.heart:
            while not folder.heart.stop_requested():
                ...
                folder.heart.beat(step)

    Within it SIGINT asks the run to stop, as the file "stop" does, instead of ending the process;
    SIGTERM does so from the first beat on: before that nothing has been learned, and the process
    ends at once. Not entered, it beats for nobody and hears the file only.

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
        self._hear(signal.SIGINT)
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
        """Tells the present step; the first one means that the run is running."""
        self.step = step
        if self.state == "starting":
            self.state = "running"
            if self._thread.is_alive():
                self._hear(signal.SIGTERM)

    def stop_requested(self) -> bool:
        """Whether the run is to save and end now; asked at every step, and between cases."""
        if not self._asked.is_set() and not (self.folder.path / STOP).exists():
            return False
        self._asked.set()
        self.state = "stopping"
        return True

    def _hear(self, number: signal.Signals) -> None:
        """Takes a signal for the wish to stop; only a main thread can."""
        if threading.current_thread() is threading.main_thread():
            self._handlers[number] = signal.signal(number, lambda *_: self._asked.set())

    def _beat_on(self) -> None:
        while not self._over.wait(self.every_s):
            self._write()

    def _write(self) -> None:
        beat = {"step": self.step, "state": self.state}
        write_json(self.folder.path / HEARTBEAT, {**who(os.getpid()), **beat})


def who(pid: int) -> dict[str, Any]:
    """A process of this machine, and now, as a heartbeat says it."""
    return {"pid": pid, "pgid": os.getpgid(pid), "time": round(time.time(), 3)}


def read_events(run: Path) -> list[dict[str, Any]]:
    """All events of a run so far; a line that is still being written is left out."""
    try:
        lines = (run / EVENTS).read_text().splitlines()
    except OSError:
        return []
    return [json.loads(line) for line in lines if line.endswith("}")]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes at once: a reader sees the old file or the new one."""
    text = json.dumps(value, indent=1) + "\n"
    with write_atomically(path) as temporary:
        temporary.write_text(text)
