"""The size of a recording."""

from __future__ import annotations

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording


def duration(recording: Recording) -> Finding:
    """Length in seconds."""
    seconds = recording.audio.seconds
    minutes, rest = divmod(seconds, 60)
    shown = f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{rest:.3g} s"
    return Finding("duration", seconds, "s", 1.0, f"Duration {shown}.")


def sample_rate(recording: Recording) -> Finding:
    """Sample rate in Hz."""
    rate = recording.audio.rate
    return Finding("sample_rate", float(rate), "Hz", 1.0, f"Sample rate {rate} Hz.")


def channels(recording: Recording) -> Finding:
    """Number of channels."""
    count = recording.audio.channels
    text = {1: "Mono.", 2: "Stereo."}.get(count, f"{count} channels.")
    return Finding("channels", float(count), "", 1.0, text)
