"""Limits of a deployment that many people share: whether training is on, how long, how much."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from training.runs import lock, processes, run as runs

GIB = 1 << 30
DAY_S = 86_400


@dataclass(frozen=True)
class Limits:
    """Limits of training from the page; None is no limit.

    Args:
        minutes: longest run; $WAVEMEND_TRAINING_MINUTES.
        gigabytes: disk space of all runs together; the oldest are deleted first;
            $WAVEMEND_TRAINING_GB.
        days: for which an ended run is kept; $WAVEMEND_TRAINING_DAYS.
    """

    minutes: float | None = None
    gigabytes: float | None = None
    days: float | None = None

    @classmethod
    def from_environment(cls) -> Limits:
        """The limits in the environment variables."""
        return cls(*(_number(f"WAVEMEND_TRAINING_{name}") for name in ("MINUTES", "GB", "DAYS")))

    def allowed(self, minutes: float) -> float:
        """The minutes asked for, or the limit where that is less."""
        return minutes if self.minutes is None else min(minutes, self.minutes)

    def make_room(self, need_bytes: int, among: Path | None = None) -> list[str]:
        """Deletes old runs so that one more fits into the limits.

        Returns:
            names of the deleted runs.

        Raises:
            ValueError: it does not fit.
        """
        if self.gigabytes is None:
            return clean(among, keep_days=self.days)
        left = round(self.gigabytes * GIB) - need_bytes
        if left < 0:
            raise ValueError(
                f"A run on these recordings takes {need_bytes / GIB:.2g} GB of disk, and all runs "
                f"together may take {self.gigabytes:g} GB here: give fewer recordings."
            )
        gone = clean(among, keep_bytes=left, keep_days=self.days)
        if sum(run.size() for run in runs.find(among)) > left:
            raise ValueError("Runs in use fill the space for runs: try again in a minute.")
        return gone


def clean(
    among: Path | None = None, *, keep_bytes: int | None = None, keep_days: float | None = None
) -> list[str]:
    """Deletes old runs; never a live one, the one that it started from, or one that is `kept`.

    Args:
        among: folder of runs.
        keep_bytes: the oldest are deleted until the others take no more than this.
        keep_days: older ones are deleted.

    Returns:
        names of the deleted runs.
    """
    live = runs.current(among)
    base = live.base() if live else None
    among = (among or runs.root()).resolve()  # as a run's base is
    now, size, gone = time.time(), 0, []
    for run in runs.find(among):
        size += run.size()
        old = keep_days is not None and now - run.started() > keep_days * DAY_S
        if not old and (keep_bytes is None or size <= keep_bytes):
            continue
        if (base and run.folder in base.parents) or lock.shared(run.folder / runs.KEPT):
            continue
        with processes.locks(run.folder) as held:
            if held is None and run.is_live():
                continue
            shutil.rmtree(run.folder, ignore_errors=True)
        gone.append(run.name)
    return gone


def why_off() -> str | None:
    """A sentence for people where training is off here; None where it is on."""
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
