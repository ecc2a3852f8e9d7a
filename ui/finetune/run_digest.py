"""What a training run's events say, gathered for the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from training.runs.events import Event
from ui.components.charts import Point

NO_TERM = frozenset(("learning_rate", "audio_seconds_per_second", "fraction", "seconds_left"))
"""What a step's event has besides the loss terms."""

JUDGED = "score"
"""The figure of an evaluation that decides; for an enhancer it is the log-spectral distance."""


@dataclass
class Digest:
    """A run as its events tell it.

    Attributes:
        step, fraction: where it stands; `fraction` of the whole, 0 to 1.
        speed: seconds of sound learned from a second.
        rate: learning rate.
        left_s: seconds left, None while nobody can tell.
        terms: loss terms by name, each (step, value); "total" first.
        held_out: the same terms on the held-out recordings.
        rates: (step, learning rate).
        evaluations: (step, LSD) on the held-out recordings.
        base: their LSD with what the run started from.
        best: the lowest evaluation.
        warnings: what went wrong on the way, for people.
        end: the last event, if it is the end.
    """

    step: int = 0
    fraction: float = 0.0
    speed: float = 0.0
    rate: float = 0.0
    left_s: float | None = None
    terms: dict[str, list[Point]] = field(default_factory=dict)
    held_out: dict[str, list[Point]] = field(default_factory=dict)
    rates: list[Point] = field(default_factory=list)
    evaluations: list[Point] = field(default_factory=list)
    base: float | None = None
    best: Point | None = None
    warnings: list[str] = field(default_factory=list)
    end: Event | None = None

    @property
    def last(self) -> float:
        """The step at the right edge of the charts, at least 1."""
        return max(1.0, self.step, *(x for x, _ in self.evaluations), 1.0)


def digest_of(events: Sequence[Event], now: float) -> Digest:
    """Reads the events of a run, in their order; unknown ones are passed over.

    Args:
        now: the time of day in seconds, as the events have it.
    """
    digest = Digest()
    for event in events:
        digest.end = event if event.kind == "end" else None
        digest.step = max(digest.step, event.step)
        _add(digest, event)
    digest.terms = dict(sorted(digest.terms.items(), key=lambda item: item[0] != "total"))
    if digest.evaluations:
        digest.best = min(digest.evaluations, key=lambda point: point[1])
    if digest.end is None:
        digest.left_s = _left(events, now)
    return digest


def _add(digest: Digest, event: Event) -> None:
    kind, step = event.kind, float(event.step)
    if kind == "step":
        digest.fraction = event.number("fraction", digest.fraction)
        digest.speed = event.number("audio_seconds_per_second", digest.speed)
        digest.rate = event.number("learning_rate", digest.rate)
        digest.rates.append((step, digest.rate))
        for name, value in event.values.items():
            if name not in NO_TERM and isinstance(value, (int, float)):
                digest.terms.setdefault(name, []).append((step, float(value)))
    elif kind == "validation" and math.isfinite(score := event.number(JUDGED, math.nan)):
        digest.evaluations.append((step, score))
        for name, value in event.values.items():
            if name.startswith("val_") and isinstance(value, (int, float)):
                term = name.removeprefix("val_")
                digest.held_out.setdefault(term, []).append((step, float(value)))
    elif kind == "base" and math.isfinite(score := event.number(JUDGED, math.nan)):
        digest.base = score
    elif kind == "warning":
        digest.warnings.append(event.text("text"))
    elif kind == "end" and event.text("reason") == "done":
        digest.fraction = 1.0


def _left(events: Sequence[Event], now: float) -> float | None:
    """By how long the last part took, from the last start or resumption on."""
    steps = [e for e in events if e.kind == "step" and e.number("fraction", 0) > 0]
    begun = max((at for at, e in enumerate(events) if e.kind == "start"), default=0)
    since = [event for event in steps if event.time >= events[begun].time] if events else []
    if len(since) < 2:
        return None
    first, last = since[max(0, len(since) - 20)], since[-1]
    fractions = [event.number("fraction", 0.0) for event in (first, last)]
    done = fractions[1] - fractions[0]
    if done <= 0:
        return None
    left_s = (last.time - first.time) * (1 - fractions[1]) / done
    return max(0.0, left_s - max(0.0, now - last.time))
