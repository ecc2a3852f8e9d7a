"""The verdict on a recording or pair: used, used with care, or left out, and why."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.decode import load
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from training.data.alignment import ENVELOPE
from training.data.alignment import measure as measure_lag
from training.data.clips import LEFT_OUT, NOISES, SILENT
from training.data.file_statistics import Facts, measure
from training.data.folder_layout import Item

USED, CARE = "used", "used with care"
SHORTEST_S = 0.5
SMALLEST_BYTES = 200  # half a second at the lowest bit rate of speech takes more
RUINED_A_MINUTE = 6000.0  # clipped peaks
FAINT = 0.01  # peak under which 16 bits leave little
FULL, NARROW = 0.8, 0.3  # of half the net's rate: what a clean side should, and must, reach
MOSTLY_QUIET = 0.8
SWAPPED = 0.7  # of the degraded side's bandwidth: a clean side that reaches less is no target


@dataclass(frozen=True)
class Row:
    """One file's, or pair's, verdict: "used", "used with care" or "left out", and the reasons.

    `seconds`, `rate`, `channels`, `bandwidth_hz` are of the clean side; `lag` is in samples at its
    rate, positive where the degraded side is late. What could not be measured is 0.
    """

    name: str
    verdict: str
    reasons: tuple[str, ...] = ()
    path: str = ""
    degraded: str | None = None
    group: str = ""
    kind: str = ""
    seconds: float = 0.0
    rate: int = 0
    channels: int = 0
    bandwidth_hz: float = 0.0
    alignment: str | None = None
    lag: int = 0
    lag_s: float = 0.0
    drift_ppm: float = 0.0
    inverted: bool = False
    digest: str = ""


def examine(item: Item, rate: int) -> Row:
    """The verdict on one item, without regard to the others."""
    row = Row(
        item.name,
        USED,
        path=str(item.clean),
        degraded=str(item.degraded) if item.degraded else None,
        group=item.group,
        kind=item.kind,
    )
    try:
        if 0 < item.clean.stat().st_size < SMALLEST_BYTES:
            return add(row, LEFT_OUT, "too small to hold a sound")
        clean = load(item.clean)
        facts = measure(clean)
        row = dataclasses.replace(
            row,
            seconds=round(clean.seconds, 3),
            rate=clean.rate,
            channels=clean.channels,
            bandwidth_hz=item.bandwidth_hz or round(facts.bandwidth_hz, 1),
            digest=facts.digest,
        )
        row = _judge(row, facts, rate, clean_side=not item.kind.startswith(NOISES))
        if item.degraded and row.verdict != LEFT_OUT:
            row = _judge_pair(row, load(item.degraded), clean)
    except (ValueError, OSError, MemoryError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        text = text or "not enough memory"
        for path in (item.clean, item.degraded):
            text = text.removeprefix(f"{path.name}: ") if path else text
        return add(row, LEFT_OUT, text)
    return row


def add(row: Row, verdict: str, reason: str) -> Row:
    """The row with one more reason; the worse of both verdicts counts."""
    order = (USED, CARE, LEFT_OUT)
    worse = max(row.verdict, verdict, key=order.index)
    return dataclasses.replace(row, verdict=worse, reasons=(*row.reasons, reason))


def _judge(row: Row, facts: Facts, rate: int, clean_side: bool) -> Row:
    """Judges the side to learn from by its measurements."""
    if facts.peak < SILENT:
        return add(row, LEFT_OUT, "silent")
    if row.seconds < SHORTEST_S:
        return add(row, LEFT_OUT, f"too short: {row.seconds:g} s, expected {SHORTEST_S:g} s")
    minutes = row.seconds / 60
    if facts.flat_tops:
        ruined = facts.flat_tops > RUINED_A_MINUTE * minutes
        row = add(row, LEFT_OUT if ruined else CARE, f"clipped in {facts.flat_tops} places")
    if facts.peak < FAINT:
        row = add(row, CARE, "very quiet: its noise would be learned too")
    if facts.quiet > MOSTLY_QUIET:
        row = add(row, CARE, f"{facts.quiet:.0%} of it is silence")
    reach = row.bandwidth_hz / (rate / 2)
    if clean_side and reach < FULL:
        text = f"reaches {row.bandwidth_hz / 1000:.1f} of {rate / 2000:g} kHz"
        row = add(row, LEFT_OUT if reach < NARROW else CARE, text)
    return row


def _judge_pair(row: Row, degraded: Audio, clean: Audio) -> Row:
    found = measure_lag(resample(degraded, clean.rate), clean)
    row = dataclasses.replace(
        row,
        alignment=found.verdict,
        lag=found.lag,
        lag_s=found.lag / clean.rate,
        drift_ppm=found.drift_ppm,
        inverted=found.inverted,
    )
    if text := found.text(clean.rate):
        careful = found.inverted or found.verdict == ENVELOPE
        verdict = LEFT_OUT if not found.usable else CARE if careful else USED
        row = add(row, verdict, text)
    if degraded.channels != clean.channels:
        got = f"{degraded.channels} and {clean.channels} channels"
        row = add(row, CARE, f"{got}: each side is mixed to one")
    if np.array_equal(degraded.samples, clean.samples):
        row = add(row, CARE, "both sides are the same: nothing can be learned from it")
    elif row.bandwidth_hz < SWAPPED * effective_bandwidth_hz(degraded):
        row = add(row, CARE, "the degraded side has more treble than the clean one: swapped?")
    return row
