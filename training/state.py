"""The run folder: config, events, samples, last state, best checkpoint; every write is atomic."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG, EVENTS, LAST, BEST = "config.json", "events.jsonl", "last.pt", "best"


class RunFolder:
    """Files of one training run.

        config.json    the recipe and the split, as run
        events.jsonl   one line an event: start, step, validation, best, end
        last.pt        everything that `--resume` needs
        best/          checkpoint with the best validation
        samples/       validation recordings as restored

    Args:
        path: made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def write_config(self, config: dict[str, Any]) -> None:
        text = json.dumps(config, indent=1)
        _atomic(self.path / CONFIG, lambda temporary: temporary.write_text(text))

    def event(self, kind: str, **values: Any) -> None:
        """Appends one line {"time", "event", ...} in one write, so a reader sees whole lines."""
        line = json.dumps({"time": round(time.time(), 3), "event": kind, **values}) + "\n"
        with (self.path / EVENTS).open("a") as file:
            file.write(line)

    def save(self, state: dict[str, Any]) -> None:
        import torch

        _atomic(self.path / LAST, lambda temporary: torch.save(state, temporary))

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
        _atomic(path, lambda temporary: temporary.write_text(text))


def _atomic(path: Path, write: Callable[[Path], Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
