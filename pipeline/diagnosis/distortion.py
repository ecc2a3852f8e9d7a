"""Waveform distortion: clipped peaks and coarse quantisation."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.clipping import flat_peaks, flat_ranges, is_clipped
from pipeline.diagnosis.finding import Finding, Span, joined, ramp
from pipeline.diagnosis.recording import Recording

COARSE_BITS, FINE_BITS = 8.0, 13.0  # clearly audible, and hardly


def clipping(recording: Recording) -> Finding:
    """The number of peaks cut off at one level, at full scale or below."""
    peaks = flat_peaks(recording.audio)
    confidence = ramp(peaks.evidence, 0, 12)
    trouble = is_clipped(recording.audio)
    spans: tuple[Span, ...] = ()
    if trouble:
        spans = joined(flat_ranges(recording.audio), recording.audio.rate)
        top = max(recording.statistics.high.max(), -recording.statistics.low.min())
        text = f"Clipped: {peaks.at_top} flat peaks at {20 * np.log10(top):.1f} dBFS."
    else:
        text, confidence = "No clipping: the peaks are round.", 1 - confidence
    value = float(peaks.at_top if peaks.evidence > 0 else 0)
    return Finding("clipping", value, "runs", confidence, text, trouble, spans)


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
