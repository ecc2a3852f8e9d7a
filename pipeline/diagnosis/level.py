"""Loudness and true peak of the whole recording."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording

OVER_DBTP = 0.1  # true peaks above are a problem


def loudness(recording: Recording) -> Finding:
    """Integrated loudness in LUFS."""
    lufs = integrated_lufs(recording.audio)
    text = "Too short or too quiet to measure its loudness."
    if lufs is not None:
        text = f"Integrated loudness {lufs:.1f} LUFS."
    return Finding("loudness", lufs, "LUFS", 1.0, text)


def true_peak(recording: Recording) -> Finding:
    """True peak in dBTP."""
    peak = true_peak_dbtp(recording.audio)
    over = peak > OVER_DBTP
    if not np.isfinite(peak):
        text = "Digital silence: every sample is zero."
    elif over:
        text = (
            f"The true peak is {peak:.1f} dB above full scale; players may distort there. "
            "Lower the level, or save it as 32-bit float."
        )
    else:
        text = f"True peak {peak:.1f} dBTP."
    return Finding("true_peak", peak, "dBTP", 1.0, text, over)
