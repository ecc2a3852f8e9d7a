"""Numbers as text: frequencies, durations, estimates, channel counts."""

from __future__ import annotations


def hertz(value: float) -> str:
    """A frequency in its usual unit: "8 kHz", "3.9 kHz", "440 Hz"."""
    if value < 1000:
        return f"{value:.0f} Hz"
    return f"{value / 1000:.{2 if value < 10_000 else 3}g} kHz"


def clock(seconds: float) -> str:
    """An exact duration: "8.3 s", "2:05 min", "1:02:03 h"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h" if hours else f"{minutes}:{rest:02d} min"


def about(seconds: float) -> str:
    """An estimated duration, rounded: "5 s", "40 s", "3 min", "1.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def channels(count: int) -> str:
    """The channel layout: "mono", "stereo", "6 channels"."""
    return {1: "mono", 2: "stereo"}.get(count, f"{count} channels")
