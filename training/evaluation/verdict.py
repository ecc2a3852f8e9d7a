"""Better, worse or no difference: a net against its base on recordings that neither learned from.

The change of the log-spectral distance is looked at in pairs: the same piece through both. Its mean
has a 95 % interval after Student; a change counts where the interval leaves zero out and the change
is not a trifle.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TRIFLE = 0.02  # of the base's distance: less is hardly audible, whatever its interval
FEW_FILES = 5  # fewer are too few to be the sample: their pieces are
FEWEST = 3  # numbers that an interval can be drawn from
BETTER, WORSE, SAME = "better", "worse", "no difference"


@dataclass(frozen=True)
class FileVerdict:
    """One recording.

    Args:
        name: of the file.
        base, now: mean log-spectral distance with the base and with the new net; lower is better.
        verdict: "better", "worse" or "no difference".
    """

    name: str
    base: float
    now: float
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """All recordings.

    Args:
        overall: "better", "worse" or "no difference".
        base, now: mean log-spectral distance.
        change: mean of now - base; below zero is better.
        low, high: ends of its 95 % interval; None where there is too little to draw it from.
        n_pieces: that were compared.
        files: one by one.
    """

    overall: str
    base: float
    now: float
    change: float
    low: float | None
    high: float | None
    n_pieces: int
    files: tuple[FileVerdict, ...]

    def as_dict(self) -> dict[str, Any]:
        """For verdict.json: the fields, and "text"."""
        return {**dataclasses.asdict(self), "text": self.sentence()}

    def sentence(self) -> str:
        """What a person reads; worse is said as plainly as better."""
        files, percent = len(self.files), 100 / max(self.base, 1e-9)
        seen = f"on {_count(files, 'held-out recording')} ({_count(self.n_pieces, 'piece')})"
        if self.low is None or self.high is None:
            return (
                f"No verdict: {seen} the spectral error went from {self.base:.3f} to "
                f"{self.now:.3f}, but that is too little sound to tell. Add recordings."
            )
        ends = sorted((abs(self.low) * percent, abs(self.high) * percent))
        size, sure = abs(self.change) * percent, f"95 % sure: by {ends[0]:.1f} to {ends[1]:.1f} %"
        if self.overall == BETTER:
            text = f"Better than the base: {seen} the spectral error fell by {size:.1f} % ({sure})."
        elif self.overall == WORSE:
            text = f"Worse than the base: {seen} the spectral error rose by {size:.1f} % ({sure})."
            text += " Keep the base."
        else:
            span = f"between {self.low * percent:+.1f} and {self.high * percent:+.1f} %"
            text = f"No difference from the base: {seen} the spectral error changed by "
            text += f"{self.change * percent:+.1f} %, 95 % sure {span}."
        tally = [f"{sum(f.verdict == v for f in self.files)} {v}" for v in (BETTER, WORSE, SAME)]
        return f"{text} Recordings: {', '.join(tally)}."


def judge(base: Mapping[str, Sequence[float]], now: Mapping[str, Sequence[float]]) -> Verdict:
    """The new net against its base.

    The sample is the files, or their pieces where there are fewer than five files, whose verdict
    then holds for more of these recordings rather than for others.

    Args:
        base, now: for each file by name, the log-spectral distance of each of its pieces, the same
            pieces in the same order.

    Raises:
        ValueError: no files, or not the same ones.
    """
    if not base or {n: len(s) for n, s in base.items()} != {n: len(s) for n, s in now.items()}:
        raise ValueError(f"verdict: got {sorted(base)} and {sorted(now)}, expected the same pieces")
    changes = {name: np.subtract(now[name], base[name]) for name in base}
    per_file = np.array([change.mean() for change in changes.values()])
    sample = per_file if len(per_file) >= FEW_FILES else np.concatenate(list(changes.values()))
    before = float(np.mean([np.mean(base[name]) for name in base]))
    change, half = float(per_file.mean()), _half_width(sample)
    return Verdict(
        overall=_name(change, half, before) if half is not None else SAME,
        base=round(before, 4),
        now=round(before + change, 4),
        change=round(change, 4),
        low=None if half is None else round(change - half, 4),
        high=None if half is None else round(change + half, 4),
        n_pieces=sum(map(len, base.values())),
        files=tuple(_judge_file(name, base[name], now[name]) for name in base),
    )


def _judge_file(name: str, base: Sequence[float], now: Sequence[float]) -> FileVerdict:
    """By the interval of its pieces where there are enough, else by the size of the change."""
    change, before = np.subtract(now, base), float(np.mean(base))
    verdict = _name(float(change.mean()), _half_width(change) or 0.0, before)
    return FileVerdict(name, round(before, 4), round(float(np.mean(now)), 4), verdict)


def _name(change: float, half: float, before: float) -> str:
    if abs(change) <= half or abs(change) < TRIFLE * before:
        return SAME
    return BETTER if change < 0 else WORSE


def _half_width(sample: np.ndarray) -> float | None:
    """Half of the 95 % interval of the mean; None of fewer than three numbers."""
    if len(sample) < FEWEST:
        return None
    from scipy.special import stdtrit

    error = float(sample.std(ddof=1)) / math.sqrt(len(sample))
    return float(stdtrit(len(sample) - 1, 0.975)) * error


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
