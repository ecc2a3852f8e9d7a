"""How well sources were separated: the signal-to-distortion ratio of each second, pooled.

A mean over segments is ruled by those in which the source is nearly silent: a quiet estimate has a
ratio far below zero there, which hardly anyone hears. So the median and the median absolute
deviation are given too, and nearly silent segments are counted apart.
Source: Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR), sections 5.1.1 and 5.1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SEGMENT_S = 1.0
NEAR_SILENT_DBFS = -60.0  # RMS of the target below which a segment is nearly silent
CURE = "BSS Eval needs the museval package: pip install museval==0.4.1"


@dataclass(frozen=True)
class Statistics:
    """Of the ratios of several segments, in dB; not numbers where there are none.

    Args:
        n: segments.
        median, mad: rank-based: half of the segments are within `mad` of the median.
        mean, sd: with the standard deviation of the population.
    """

    n: int
    median: float
    mad: float
    mean: float
    sd: float


@dataclass(frozen=True)
class SegmentSdr:
    """Ratios of the segments of one source.

    Args:
        values: (N,) in dB, of the segments in which the target is not silent.
        target_dbfs: (N,) RMS level of the target in each of them.
        silent: number of segments in which it is; they have no ratio.
    """

    values: np.ndarray
    target_dbfs: np.ndarray
    silent: int

    def statistics(self) -> Statistics:
        """Of all segments but the silent ones, as the paper has it."""
        return statistics(self.values)

    def audible(self) -> SegmentSdr:
        """Without the nearly silent segments, which count as silent."""
        keep = self.target_dbfs >= NEAR_SILENT_DBFS
        silent = self.silent + int((~keep).sum())
        return SegmentSdr(self.values[keep], self.target_dbfs[keep], silent)

    def near_silent(self) -> SegmentSdr:
        """The nearly silent segments alone."""
        keep = self.target_dbfs < NEAR_SILENT_DBFS
        return SegmentSdr(self.values[keep], self.target_dbfs[keep], 0)


def statistics(values: np.ndarray) -> Statistics:
    """Median, median absolute deviation, mean and standard deviation of (N,) ratios."""
    if not len(values):
        return Statistics(0, *(4 * [float("nan")]))
    median = float(np.median(values))
    deviation = float(np.median(np.abs(values - median)))
    return Statistics(len(values), median, deviation, float(values.mean()), float(values.std()))


def segment_sdr(
    estimate: np.ndarray, target: np.ndarray, rate: int, segment_s: float = SEGMENT_S
) -> SegmentSdr:
    """10 log10(|target|^2 / |target - estimate|^2) of each segment; a shorter rest is left out.

    It is the SDR of BSS Eval 4 (`museval`), which leaves a segment out if any source is silent.

    Args:
        estimate, target: (C, T) or (T,); the channels count together.
        rate: in Hz.
        segment_s: length of a segment; a shorter sound is one segment.
    """
    estimate, target = np.atleast_2d(estimate), np.atleast_2d(target)
    if estimate.shape != target.shape:
        got = f"{estimate.shape} and {target.shape}"
        raise ValueError(f"estimate and target: got shapes {got}, expected the same one")
    size = min(round(segment_s * rate), target.shape[1])
    count = target.shape[1] // size
    wanted, wrong = np.empty(count), np.empty(count)
    for index in range(count):
        part = (slice(None), slice(index * size, (index + 1) * size))
        clean = target[part].astype(np.float64)
        wanted[index] = np.square(clean).sum()
        wrong[index] = np.square(clean - estimate[part]).sum()
    sounds = wanted > 0
    with np.errstate(divide="ignore"):
        values = 10 * np.log10(wanted[sounds] / wrong[sounds])
    level = 10 * np.log10(wanted[sounds] / (size * len(target)))
    return SegmentSdr(values, level, int((~sounds).sum()))


def pooled(parts: Sequence[SegmentSdr]) -> SegmentSdr:
    """The segments of several recordings together."""
    return SegmentSdr(
        np.concatenate([part.values for part in parts]) if parts else np.zeros(0),
        np.concatenate([part.target_dbfs for part in parts]) if parts else np.zeros(0),
        sum(part.silent for part in parts),
    )


def bss_eval(
    estimates: np.ndarray, targets: np.ndarray, rate: int, segment_s: float = SEGMENT_S
) -> dict[str, np.ndarray]:
    """BSS Eval 4 of images, by museval: "sdr", "isr", "sir" and "sar", each (K, N) in dB.

    Not numbers where any source or estimate is silent in a segment.

    Args:
        estimates, targets: (K, C, T), all sources of a mixture.

    Raises:
        ValueError: museval is not installed.

    Source: Stöter, Liutkus and Ito 2018, "The 2018 Signal Separation Evaluation Campaign".
    """
    try:
        import museval
    except ImportError:
        raise ValueError(CURE) from None
    size = round(segment_s * rate)
    ratios = museval.evaluate(
        targets.swapaxes(1, 2), estimates.swapaxes(1, 2), win=size, hop=size, padding=False
    )
    return dict(zip(("sdr", "isr", "sir", "sar"), ratios, strict=True))
