"""The size of a recording, its loudness, and the state of its file."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording

OVER_DBTP = 0.1  # true peaks above are a problem


def duration(recording: Recording) -> Finding:
    """Length in seconds."""
    seconds = recording.audio.seconds
    minutes, rest = divmod(seconds, 60)
    shown = f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.3g} s"
    return Finding("duration", seconds, "s", 1.0, f"Duration {shown}.")


def damaged_file(recording: Recording) -> Finding:
    """What is wrong with the file itself: the number of its notes."""
    if recording.info is None:
        return Finding("damaged_file", None, "", 0.0, "It did not come from a file.")
    notes = recording.info.notes
    if not notes:
        return Finding("damaged_file", 0.0, "", 0.9, "The file is complete.")
    return Finding("damaged_file", float(len(notes)), "", 1.0, " ".join(notes), True)


def sample_rate(recording: Recording) -> Finding:
    """Sample rate in Hz."""
    rate = recording.audio.rate
    return Finding("sample_rate", float(rate), "Hz", 1.0, f"Sample rate {rate} Hz.")


def channels(recording: Recording) -> Finding:
    """Number of channels."""
    count = recording.audio.channels
    text = {1: "Mono.", 2: "Stereo."}.get(count, f"{count} channels.")
    return Finding("channels", float(count), "", 1.0, text)


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
