"""Ticks for tests: one that records, one that stops."""

from __future__ import annotations

from pipeline.stage import Cancelled, Tick


class Recorder:
    """A tick that keeps what it receives."""

    def __init__(self) -> None:
        self.fractions: list[float] = []
        self.whats: list[str] = []

    def __call__(self, fraction: float, what: str = "") -> None:
        self.fractions.append(fraction)
        self.whats.append(what)

    def rises_to_one(self) -> bool:
        """Whether the fractions start at 0, never fall and end at 1."""
        ends = (self.fractions[0], self.fractions[-1])
        return self.fractions == sorted(self.fractions) and ends == (0.0, 1.0)


def stop_beyond(limit: float) -> Tick:
    """A tick that raises `Cancelled` once the progress is beyond `limit`."""

    def tick(fraction: float, what: str = "") -> None:
        if fraction > limit:
            raise Cancelled

    return tick
