"""One finding: a measurement, what it means, and how sure that is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

JOINED_S = 0.02  # spans closer than this are one
MOST_SPANS = 500


class Span(NamedTuple):
    """Where a finding is to be heard and seen.

    Attributes:
        start_s, end_s: in seconds; the whole recording where it is everywhere.
        edge_hz: the frequency that it is about, None where it is about all.
    """

    start_s: float
    end_s: float
    edge_hz: float | None = None


@dataclass(frozen=True)
class Finding:
    """One measurement of a recording.

    Attributes:
        name: stable name for programs, snake_case.
        value: the measurement; None where the recording has none (the loudness of silence).
        unit: of `value`; empty for a count or a name.
        confidence: 0 to 1, that `text` is true.
        text: one or two plain sentences for the user.
        trouble: whether this is something wrong with the recording.
        spans: where it is, in order, at most MOST_SPANS; empty where that cannot be told.
    """

    name: str
    value: float | str | None
    unit: str
    confidence: float
    text: str
    trouble: bool = False
    spans: tuple[Span, ...] = ()

    @property
    def typeset(self) -> str:
        """`text` for a page: a negative number has a minus sign, not a hyphen."""
        return re.sub(r"(?<![\w\-])-(?=\d)", "\u2212", self.text)

    def to_json(self) -> dict[str, float | str | None]:
        """Name, value, unit, confidence and text; a value that is not finite becomes None."""
        value = self.value
        if isinstance(value, float):
            value = float(f"{value:.6g}") if math.isfinite(value) else None
        return {
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "confidence": round(self.confidence, 2),
            "text": self.text,
        }


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """The findings whose text no finding before them has, for a reader."""
    first: dict[str, Finding] = {}
    for one in findings:
        first.setdefault(one.text, one)
    return list(first.values())


def joined(ranges: Iterable[tuple[int, int]], rate: int) -> tuple[Span, ...]:
    """The spans of (start, stop) ranges of samples: in order, neighbours joined, the first ones."""
    out: list[Span] = []
    for start, stop in sorted(ranges):
        start_s, end_s = float(start / rate), float(stop / rate)
        if out and start_s - out[-1].end_s < JOINED_S:
            out[-1] = out[-1]._replace(end_s=max(out[-1].end_s, end_s))
        elif len(out) == MOST_SPANS:
            break
        else:
            out.append(Span(start_s, end_s))
    return tuple(out)


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, linear between and constant beyond; `low` may exceed `high`."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def hertz(value: float) -> str:
    """A frequency for people: "50 Hz", "3.4 kHz"."""
    return f"{value:.0f} Hz" if value < 1000 else f"{value / 1000:.3g} kHz"
