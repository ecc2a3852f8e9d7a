"""Better, worse or no difference: a net against its base on recordings that neither learned from.

The log-spectral distances of the same pieces through both nets are compared. The mean change over
the recordings has a 95 % interval after Student. Pieces of one recording share voice, room and
microphone, so they do not count as separate observations: the sample is the recordings. A change
counts where the interval excludes zero and the change is large enough to hear.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

AUDIBLE = 0.02  # of the base's distance: a smaller change is hardly audible
FEWEST_PIECES = 3  # of one recording, for an interval of its own
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
        low, high: ends of its 95 % interval; None for a single recording.
        n_pieces: number of pieces that were compared.
        files: the recordings one by one.
        against: what it was compared with.
    """

    overall: str
    base: float
    now: float
    change: float
    low: float | None
    high: float | None
    n_pieces: int
    files: tuple[FileVerdict, ...]
    against: str = "the base"

    def as_dict(self) -> dict[str, Any]:
        """The fields and "text", for verdict.json."""
        return {**dataclasses.asdict(self), "text": self.sentence()}

    def sentence(self) -> str:
        """The verdict for people."""
        files, percent = len(self.files), 100 / max(self.base, 1e-9)
        seen = f"on {_count(files, 'held-out recording')} ({_count(self.n_pieces, 'piece')})"
        if self.low is None or self.high is None:
            return (
                f"No verdict: {seen} the spectral error went from {self.base:.3f} to "
                f"{self.now:.3f}. One recording does not tell how others fare. Add recordings."
            )
        ends = sorted((abs(self.low) * percent, abs(self.high) * percent))
        size, sure = abs(self.change) * percent, f"95 % sure: by {ends[0]:.1f} to {ends[1]:.1f} %"
        if self.overall == BETTER:
            text = f"Better than {self.against}: {seen} the spectral error fell "
            text += f"by {size:.1f} % ({sure})."
        elif self.overall == WORSE:
            text = f"Worse than {self.against}: {seen} the spectral error rose "
            text += f"by {size:.1f} % ({sure}). Keep {self.against}."
        else:
            span = f"between {self.low * percent:+.1f} and {self.high * percent:+.1f} %"
            text = f"No difference from {self.against}: {seen} the spectral error changed by "
            text += f"{self.change * percent:+.1f} %, 95 % sure {span}."
        tally = [f"{sum(f.verdict == v for f in self.files)} {v}" for v in (BETTER, WORSE, SAME)]
        return f"{text} Recordings: {', '.join(tally)}."


def judge(
    base: Mapping[str, Sequence[float]],
    now: Mapping[str, Sequence[float]],
    against: str = "the base",
) -> Verdict:
    """Compares a new net with its base.

    Args:
        base, now: for each recording by name, the log-spectral distance of each of its pieces; the
            same pieces in the same order.
        against: what `base` is of.

    Raises:
        ValueError: no recordings, or not the same ones.
    """
    if not base or {n: len(s) for n, s in base.items()} != {n: len(s) for n, s in now.items()}:
        raise ValueError(f"verdict: got {sorted(base)} and {sorted(now)}, expected the same pieces")
    changes = {name: np.subtract(now[name], base[name]) for name in base}
    per_file = np.array([change.mean() for change in changes.values()])
    before = float(np.mean([np.mean(base[name]) for name in base]))
    change, half = float(per_file.mean()), _half_width(per_file)
    return Verdict(
        overall=_name(change, half, before) if half is not None else SAME,
        base=round(before, 4),
        now=round(before + change, 4),
        change=round(change, 4),
        low=None if half is None else round(change - half, 4),
        high=None if half is None else round(change + half, 4),
        n_pieces=sum(map(len, base.values())),
        files=tuple(_judge_file(name, base[name], now[name]) for name in base),
        against=against,
    )


def _judge_file(name: str, base: Sequence[float], now: Sequence[float]) -> FileVerdict:
    """The verdict on one recording, from its pieces: it holds for this recording only."""
    change, before = np.subtract(now, base), float(np.mean(base))
    half = _half_width(change) if len(change) >= FEWEST_PIECES else None
    verdict = _name(float(change.mean()), half or 0.0, before)
    return FileVerdict(name, round(before, 4), round(float(np.mean(now)), 4), verdict)


def _name(change: float, half: float, before: float) -> str:
    if abs(change) <= half or abs(change) < AUDIBLE * before:
        return SAME
    return BETTER if change < 0 else WORSE


def _half_width(sample: np.ndarray) -> float | None:
    """Half the 95 % interval of the mean; None of fewer than two numbers."""
    if len(sample) < 2:
        return None
    from scipy.special import stdtrit

    error = float(sample.std(ddof=1)) / math.sqrt(len(sample))
    return float(stdtrit(len(sample) - 1, 0.975)) * error


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
