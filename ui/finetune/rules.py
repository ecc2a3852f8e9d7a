"""What fine-tuning may take on this server, and who sees which run."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.data import dataset
from training.runs import quota
from ui.session import is_shared


@dataclass(frozen=True)
class Rules:
    """The limits of fine-tuning.

    Attributes:
        of_runs: minutes of one run, bytes and days of all.
        of_data: of what may be uploaded.
        shared: whether visitors are strangers, each of whom sees only their own runs.
        off: why training is off here; empty where it is on.
    """

    of_runs: quota.Limits = field(default_factory=quota.Limits)
    of_data: dataset.Limits = field(default_factory=dataset.Limits)
    shared: bool = False
    off: str = ""

    @staticmethod
    def here() -> Rules:
        """The rules of this server; see `ui.session.is_shared`."""
        given, off = quota.Limits.from_environment(), quota.why_off() or ""
        if not is_shared():
            return Rules(given, off=off)
        of_runs = quota.Limits(given.minutes or 30, given.gigabytes or 4, given.days or 2)
        return Rules(of_runs, dataset.Limits(files=500, bytes=1 << 30), shared=True, off=off)
