"""The size of a recording, and the state of its file."""

from __future__ import annotations

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.recording import Recording


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
