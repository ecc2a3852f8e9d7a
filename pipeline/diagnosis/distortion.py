"""Waveform distortion: clipped peaks and coarse quantisation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.audio.buffers import blocks
from pipeline.diagnosis.finding import Finding, ramp
from pipeline.diagnosis.recording import SILENCE, Recording

NEAR_TOP = 0.985  # of a channel's largest sample: where a clipped peak must lie
BELOW_TOP = 0.87  # down to here, a recording that is not clipped has as many flat places
FLAT = 1e-4  # of the largest sample: neighbours that differ by less are level
CORNER = 8  # least step into or out of a flat peak, over FLAT; round peaks have none above 3
FEWEST, A_MINUTE = 4, 6.0  # flat peaks from which a recording counts as clipped
COARSE_BITS, FINE_BITS = 8.0, 13.0  # clearly audible, and hardly


class FlatPeaks(NamedTuple):
    """Runs of equal samples: at the channels' largest sample, and somewhat below it."""

    at_top: int
    below: int

    @property
    def evidence(self) -> int:
        """Few bits make level places anywhere, clipping only at the top."""
        return self.at_top - 2 * self.below


def clipping(recording: Recording) -> Finding:
    """The number of peaks cut off at one level, at full scale or below."""
    peaks = recording.ask(flat_peaks)
    confidence = ramp(peaks.evidence, 0, 12)
    trouble = is_clipped(recording)
    if trouble:
        top = max(recording.statistics.high.max(), -recording.statistics.low.min())
        text = (
            f"Clipped: {peaks.at_top} flat peaks at {20 * np.log10(top):.1f} dBFS. "
            "No stage here restores clipped peaks yet."
        )
    else:
        text, confidence = "No clipping: the peaks are round.", 1 - confidence
    value = float(peaks.at_top if peaks.evidence > 0 else 0)
    return Finding("clipping", value, "runs", confidence, text, trouble)


def quantisation(recording: Recording) -> Finding:
    """The bits it really has, where they are fewer than the file holds."""
    grid = recording.quantisation
    if grid is None:
        return Finding("quantisation", None, "bit", 0.9, "No coarse quantisation.")
    trouble = grid.bits < FINE_BITS
    if grid.law != "linear":
        text = f"Quantised to 8-bit {grid.law}, as on telephone lines: it sounds grainy."
    else:
        text = f"Only {grid.bits:.0f} bits: {'it sounds grainy' if trouble else 'enough'}."
    confidence = 0.6 + 0.4 * ramp(grid.bits, FINE_BITS, COARSE_BITS)
    return Finding("quantisation", float(grid.bits), "bit", confidence, text, trouble)


def is_clipped(recording: Recording) -> bool:
    """Whether there are enough flat peaks to call the recording clipped."""
    peaks, minutes = recording.ask(flat_peaks), recording.audio.seconds / 60
    return peaks.evidence >= FEWEST and peaks.at_top >= A_MINUTE * minutes


def flat_peaks(recording: Recording) -> FlatPeaks:
    """Counts flat peaks of both polarities in all channels."""
    audio, at_top, below = recording.audio, 0, 0
    loudest = max(recording.statistics.high.max(), -recording.statistics.low.min())
    for start, stop in blocks(audio.samples):
        first = max(start - 1, 0)
        block = audio.samples[:, first : min(stop + 2, audio.frames)]
        limits = zip(block, recording.statistics.low, recording.statistics.high, strict=True)
        for x, low, high in limits:
            for sign, top in ((1, float(high)), (-1, -float(low))):
                if top > max(loudest / 4, SILENCE):
                    levels = _flat_levels(x * np.float32(sign), top)
                    at_top += int((levels >= NEAR_TOP * top).sum())
                    below += int((levels < NEAR_TOP * top).sum())
    return FlatPeaks(at_top, below)


def _flat_levels(x: np.ndarray, top: float) -> np.ndarray:
    """Levels of the flat peaks of (T,): three samples or more, entered with a corner."""
    high = np.flatnonzero(x[1:-2] > BELOW_TOP * top) + 1
    step = np.float32(FLAT * top)
    flat = (np.abs(x[high + 1] - x[high]) <= step) & (np.abs(x[high + 2] - x[high]) <= step)
    starts = high[flat]
    return x[starts[x[starts] - x[starts - 1] >= CORNER * step]]
