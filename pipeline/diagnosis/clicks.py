"""Clicks, as of scratched records and digital errors."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.clipping import is_clipped
from pipeline.audio.buffers import copied
from pipeline.audio.excerpts import excerpt_ranges
from pipeline.audio.sound import Audio
from pipeline.diagnosis.finding import Finding, Span, joined, ramp
from pipeline.diagnosis.recording import Recording

MANY, CERTAIN = 16.0, 60.0  # clicks a minute
WITH_CORNERS = 4  # times as many are needed where the waveform has corners of its own
EXCERPTS = 4  # that are searched, where there are more
LOCATED_S, LOCATED_EXCERPTS = 10.0, 18  # where each click is located: all of three minutes


def clicks(recording: Recording) -> Finding:
    """Clicks a minute in the loudest channel."""
    if recording.silent:
        return Finding("clicks", 0.0, "per minute", 1.0, "No clicks.")
    rate = _clicks_per_minute(recording)
    many = WITH_CORNERS * MANY if rate >= MANY and _has_corners(recording) else MANY
    if rate < many:
        text = "No clicks." if rate < 1 else f"About {rate:.0f} clicks a minute: too few to matter."
        return Finding("clicks", rate, "per minute", ramp(rate, 2 * many, 0), text)
    confidence = 0.5 + 0.5 * ramp(rate, many, max(CERTAIN, 2 * many))
    text = f"About {rate:.0f} clicks a minute."
    return Finding("clicks", rate, "per minute", confidence, text, True, _located(recording))


def _clicks_per_minute(recording: Recording) -> float:
    """Mean over some of the excerpts of the loudest channel."""
    from pipeline.stages.declick import clicks_per_minute

    some = recording.excerpts[:: max(1, len(recording.excerpts) // EXCERPTS)]
    channels = [Audio(excerpt.samples[recording.loudest][None], excerpt.rate) for excerpt in some]
    lengths = [channel.seconds for channel in channels]
    return float(np.average([clicks_per_minute(x) for x in channels], weights=lengths))


def _located(recording: Recording) -> tuple[Span, ...]:
    """Where the clicks of the loudest channel are; of a long recording, those in its excerpts."""
    from pipeline.stages.declick import unmistakable_clicks

    audio, ranges = recording.audio, []
    for start, stop in excerpt_ranges(audio, LOCATED_S, LOCATED_EXCERPTS):
        x = copied(audio.samples, start, stop)[recording.loudest]
        ranges += [(start + at, start + end) for at, end in unmistakable_clicks(x, audio.rate)]
    return joined(ranges, audio.rate)


def _has_corners(recording: Recording) -> bool:
    """Whether it is clipped or has few bits; their corners can be mistaken for clicks."""
    return is_clipped(recording.audio) or recording.quantisation is not None
