"""How loud a recording is, and whether it ran into the rails."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.loudness import integrated_lufs, true_peak_dbtp
from pipeline.audio.buffers import release, spans
from pipeline.diagnosis.finding import SILENCE, Finding, Subject, ramp

NEAR_RAIL = 0.985  # of a channel's largest sample: where a flat top must lie
BELOW_RAIL = 0.87  # down to here a recording that is not clipped has as many flat places
FLAT = 1e-4  # of the rail: neighbours that differ by less are level
CORNER = 8  # the step into or out of a flat top, over FLAT; a round top has none above 3
FEWEST, A_MINUTE = 4, 6.0  # flat tops from which it counts as clipping


def level(subject: Subject) -> list[Finding]:
    """Integrated loudness and true peak of the whole recording."""
    lufs, top = integrated_lufs(subject.audio), true_peak_dbtp(subject.audio)
    loud = (
        "Too short or too quiet for a loudness."
        if lufs is None
        else f"Its loudness is {lufs:.1f} LUFS."
    )
    over = top > 0.1
    if not np.isfinite(top):
        peaks = "It is digital silence: every sample is zero."
    elif over:
        peaks = (
            f"It peaks {top:.1f} dB above full scale; players may distort there. "
            "Lower its level, or save it as 32-bit float."
        )
    else:
        peaks = f"It peaks at {top:.1f} dB of full scale, between samples too."
    return [
        Finding("loudness", lufs, "LUFS", 1.0, loud),
        Finding("true_peak", top, "dBTP", 1.0, peaks, over),
    ]


def clipping(subject: Subject) -> list[Finding]:
    """Flat tops at one level, at full scale or below: a stage before ran into its limit."""
    audio = subject.audio
    rail = float(max(subject.sweep.high.max(), -subject.sweep.low.min()))
    count, below = _flat_tops(subject, rail)
    minutes = audio.seconds / 60
    evidence = count - 2 * below  # grain makes level places anywhere, not just at the top
    confidence = ramp(evidence, 0, 12)
    trouble = evidence >= FEWEST and count >= A_MINUTE * minutes
    if trouble:
        text = (
            f"Clipped: {count} flat tops at {20 * np.log10(rail):.1f} dB of full scale. "
            "What was cut off is lost; no stage here makes it up yet."
        )
    else:
        text, confidence = "No clipping: its peaks are round.", 1 - confidence
    return [
        Finding("clipping", float(count if evidence > 0 else 0), "runs", confidence, text, trouble)
    ]


def _flat_tops(subject: Subject, rail: float) -> tuple[int, int]:
    """How many flat tops lie at a channel's rail, and how many somewhat below it."""
    audio, at_rail, below = subject.audio, 0, 0
    for start, stop in spans(audio.frames):
        first = max(start - 1, 0)
        block = audio.samples[:, first : min(stop + 2, audio.frames)]
        for x, low, high in zip(block, subject.sweep.low, subject.sweep.high, strict=True):
            for sign, top in ((1, float(high)), (-1, -float(low))):
                if top > max(rail / 4, SILENCE):
                    tops = _flat_levels(x * np.float32(sign), top)
                    at_rail += int((tops >= NEAR_RAIL * top).sum())
                    below += int((tops < NEAR_RAIL * top).sum())
        release(audio.samples, start, stop)
    return at_rail, below


def _flat_levels(x: np.ndarray, top: float) -> np.ndarray:
    """Levels of the flat tops of (T,): three samples or more, entered with a corner."""
    high = np.flatnonzero(x[1:-2] > BELOW_RAIL * top) + 1
    step = np.float32(FLAT * top)
    flat = (np.abs(x[high + 1] - x[high]) <= step) & (np.abs(x[high + 2] - x[high]) <= step)
    starts = high[flat]
    return x[starts[x[starts] - x[starts - 1] >= CORNER * step]]
