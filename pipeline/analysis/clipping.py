"""Clipping: peaks cut off at one level, at full scale or below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.analysis.channel_statistics import SILENCE, channel_statistics
from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio

NEAR_TOP = 0.985  # of a channel's largest sample: where a clipped peak must lie
BELOW_TOP = 0.87  # down to here, a recording that is not clipped has as many flat places
FLAT = 1e-4  # of the largest sample: neighbours that differ by less are level
FLAT_SAMPLES = 3
CORNER = 8  # least step into or out of a flat peak, over FLAT; round peaks have none above 3
FEWEST, A_MINUTE = 4, 6.0  # flat peaks from which a recording counts as clipped


class FlatPeaks(NamedTuple):
    """Runs of equal samples: at the channels' largest sample, and somewhat below it."""

    at_top: int
    below: int

    @property
    def evidence(self) -> int:
        """Few bits make level places anywhere, clipping only at the top."""
        return self.at_top - 2 * self.below


def is_clipped(audio: Audio) -> bool:
    """Whether there are enough flat peaks to call the recording clipped."""
    peaks, minutes = flat_peaks(audio), audio.seconds / 60
    return peaks.evidence >= FEWEST and peaks.at_top >= A_MINUTE * minutes


@once_per_sound
def flat_peaks(audio: Audio) -> FlatPeaks:
    """Counts flat peaks of both polarities in all channels."""
    at_top, below = _counts(audio).sum(axis=(0, 1))
    return FlatPeaks(int(at_top), int(below))


def clip_levels(audio: Audio) -> np.ndarray:
    """(C, 2) float32 levels at which each channel was cut off, below and above.

    -inf and inf on a side where fewer than `FEWEST` peaks are flat.
    """
    statistics, counts = channel_statistics(audio), _counts(audio)
    levels = np.stack([statistics.low, statistics.high], axis=1).astype(np.float32)
    is_cut = counts[..., 0] - 2 * counts[..., 1] >= FEWEST
    return np.where(is_cut, levels, np.array([-np.inf, np.inf], np.float32))


def flat_ranges(audio: Audio) -> list[tuple[int, int]]:
    """The (start, stop) samples of the flat peaks at the channels' top, of all channels."""
    ranges: list[tuple[int, int]] = []
    for channel, side, first, x, top in _sides(audio):
        if np.isfinite(clip_levels(audio)[channel, side]):
            starts = _flat_starts(x, top)
            at = first + starts[x[starts] >= NEAR_TOP * top]
            ranges += [(int(start), int(start) + FLAT_SAMPLES) for start in at]
    return ranges


@once_per_sound
def _counts(audio: Audio) -> np.ndarray:
    """(C, 2, 2) flat peaks of each channel, negative and positive, at its top and below."""
    counts = np.zeros((audio.channels, 2, 2), int)
    for channel, side, _, x, top in _sides(audio):
        levels = x[_flat_starts(x, top)]
        n_top = int((levels >= NEAR_TOP * top).sum())
        counts[channel, side] += n_top, levels.size - n_top
    return counts


def _sides(audio: Audio) -> Iterator[tuple[int, int, int, np.ndarray, float]]:
    """Yields channel, side (0 below, 1 above), first sample, samples upwards, and their top."""
    statistics = channel_statistics(audio)
    loudest = max(statistics.high.max(), -statistics.low.min())
    for start, stop in blocks(audio.samples):
        first = max(start - 1, 0)
        block = audio.samples[:, first : min(stop + 2, audio.frames)]
        limits = zip(block, statistics.low, statistics.high, strict=True)
        for channel, (x, low, high) in enumerate(limits):
            for side, (sign, top) in enumerate(((-1, -float(low)), (1, float(high)))):
                if top > max(loudest / 4, SILENCE):
                    yield channel, side, first, x * np.float32(sign), top


def _flat_starts(x: np.ndarray, top: float) -> np.ndarray:
    """Where the flat peaks of (T,) begin: three samples or more, entered with a corner."""
    high = np.flatnonzero(x[1:-2] > BELOW_TOP * top) + 1
    step = np.float32(FLAT * top)
    flat = (np.abs(x[high + 1] - x[high]) <= step) & (np.abs(x[high + 2] - x[high]) <= step)
    starts = high[flat]
    return starts[x[starts] - x[starts - 1] >= CORNER * step]
