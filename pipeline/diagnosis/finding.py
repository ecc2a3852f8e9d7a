"""One finding: a measurement, what it means, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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
    """

    name: str
    value: float | str | None
    unit: str
    confidence: float
    text: str
    trouble: bool = False

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


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, linear between and constant beyond; `low` may exceed `high`."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def hertz(value: float) -> str:
    """A frequency for people: "50 Hz", "3.4 kHz"."""
    return f"{value:.0f} Hz" if value < 1000 else f"{value / 1000:.3g} kHz"
