"""The events of a run: what happened at which step, one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVENTS = "events.jsonl"


@dataclass(frozen=True)
class Event:
    """Something that happened in a run.

    Attributes:
        kind: "start", "base", "step", "validation", "best", "phase", "warning" or "end".
        time: in seconds since 1970.
        step: the run's step.
        values: the event's figures and texts by name, such as a step's loss terms.
    """

    kind: str
    time: float
    step: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def parse(line: str) -> Event:
        """The event of a line of the file."""
        values = json.loads(line)
        kind, time = str(values.pop("event")), float(values.pop("time"))
        return Event(kind, time, int(values.pop("step", 0)), values)

    def line(self) -> str:
        """The event as a line of the file, with its newline."""
        return json.dumps({"time": self.time, "event": self.kind, "step": self.step, **self.values}) + "\n"

    def number(self, name: str, default: float) -> float:
        """A figure by its name; `default` where the event has none."""
        value = self.values.get(name)
        return float(value) if isinstance(value, (int, float)) else default

    def text(self, name: str) -> str:
        """A text by its name, empty where the event has none."""
        return str(self.values.get(name) or "")


def read_events(run: Path) -> list[Event]:
    """All events of a run so far; a line that is still being written is left out."""
    try:
        lines = (run / EVENTS).read_text().splitlines()
    except OSError:
        return []
    return [Event.parse(line) for line in lines if line.endswith("}")]
