"""What a deployment that many share allows: whether one may train at all, how long, how much."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from training import runs

GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Of training from the page; None is no limit.

    Args:
        minutes: of a run, at most; $WAVEMEND_TRAINING_MINUTES.
        gigabytes: that all runs may take on disk, the oldest going first;
            $WAVEMEND_TRAINING_GB.
        days: that an ended run is kept; $WAVEMEND_TRAINING_DAYS.
    """

    minutes: float | None = None
    gigabytes: float | None = None
    days: float | None = None

    @classmethod
    def from_environment(cls) -> Limits:
        """Those that the variables name."""
        return cls(*(_number(f"WAVEMEND_TRAINING_{name}") for name in ("MINUTES", "GB", "DAYS")))

    def allowed(self, minutes: float) -> float:
        """The minutes asked for, or as many as are allowed."""
        return minutes if self.minutes is None else min(minutes, self.minutes)

    def clean(self, among: Path | None = None) -> list[str]:
        """Deletes old runs beyond the limits; names of those deleted."""
        size = None if self.gigabytes is None else round(self.gigabytes * GIB)
        return runs.clean(among, keep_bytes=size, keep_days=self.days)


def why_off() -> str | None:
    """Why training is off here, for people; None where it is on."""
    if os.environ.get("SPACES_ZERO_GPU"):
        return (
            "Fine-tuning is off on ZeroGPU: a Space there gets a GPU for about a minute at a time, "
            "and a run needs it in one piece. Duplicate the Space to hardware of your own, or run "
            "Wavemend on your computer."
        )
    if sys.platform == "win32":
        return "Fine-tuning needs Linux, macOS or WSL: on Windows a run cannot be stopped safely."
    return None


def _number(name: str) -> float | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise ValueError(f"{name}: got {text!r}, expected a number above 0")
    return value
