"""Clicks, and the grain of too few bits."""

from __future__ import annotations

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.diagnosis.finding import Finding, Subject, ramp
from pipeline.diagnosis.level import clipping

MANY, SURELY = 16.0, 60.0  # clicks a minute
MORE = 4  # times as many, where the sound has corners of its own
PIECES = 4  # of the excerpts that are searched, when there are more than a few
COARSE_BITS, FINE_BITS = 8.0, 13.0  # plainly heard, and hardly


def clicks(subject: Subject) -> list[Finding]:
    """Clicks a minute, from some of the excerpts of the loudest channel."""
    from pipeline.stages.declick import clicks_per_minute

    if subject.silent:
        return [Finding("clicks", 0.0, "per minute", 1.0, "No clicks.")]
    listened = subject.pieces[:: max(1, len(subject.pieces) // PIECES)]
    channels = [Audio(piece.samples[subject.loudest][None], piece.rate) for piece in listened]
    lengths = [channel.seconds for channel in channels]
    rate = float(np.average([clicks_per_minute(x) for x in channels], weights=lengths))
    many = MORE * MANY if rate >= MANY and _has_corners(subject) else MANY
    if rate < many:
        text = "No clicks." if rate < 1 else f"About {rate:.0f} clicks a minute: too few to matter."
        return [Finding("clicks", rate, "per minute", ramp(rate, 2 * many, 0), text)]
    text = f"About {rate:.0f} clicks a minute."
    sure = 0.5 + 0.5 * ramp(rate, many, max(SURELY, 2 * many))
    return [Finding("clicks", rate, "per minute", sure, text, True)]


def _has_corners(subject: Subject) -> bool:
    """Whether it is clipped or of few bits: the corners of both are taken for clicks."""
    from pipeline.stages.dequantize import quantisation as measure

    return clipping(subject)[0].trouble or measure(subject.audio) is not None


def quantisation(subject: Subject) -> list[Finding]:
    """How many bits it really has, where they are fewer than the file holds."""
    from pipeline.stages.dequantize import quantisation as measure

    found = None if subject.silent else measure(subject.audio)
    if found is None:
        text = "Its samples are finely graded; no step can be heard."
        return [Finding("quantisation", None, "bit", 0.9, text)]
    trouble = found.bits < FINE_BITS
    if found.law != "linear":
        text = f"Eight bits in {found.law} steps, as on the telephone: it sounds grainy."
    else:
        text = f"Only {found.bits:.0f} bits: {'it sounds grainy' if trouble else 'enough'}."
    sure = 0.6 + 0.4 * ramp(found.bits, FINE_BITS, COARSE_BITS)
    return [Finding("quantisation", float(found.bits), "bit", sure, text, trouble)]
