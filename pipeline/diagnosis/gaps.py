"""Digital silence, and dropouts: sound that stops abruptly and returns within a moment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.analysis.channel_statistics import SILENCE
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio
from pipeline.diagnosis.finding import Finding, joined, ramp
from pipeline.diagnosis.recording import Recording

STRIDE = 32  # samples: every gap that counts holds two of these
SHORTEST_S, LONGEST_S = 0.0015, 0.25  # of a dropout; more is a pause
EDGE_S = 0.002  # before and after a gap: where sound must be
LOUD_DB, LOUD_DBFS = -24.0, -70.0  # of that sound, at least, against the recording and full scale
NEAREST, ABRUPT = 4, 0.15  # samples next to a gap, and what they reach of that sound: no fade
GRAINS = 6  # times its smallest sample that sound must reach: zeros among few bits are no gap
ALIKE_DB = 15.0  # the sound before and after a dropout differs by no more
LONG_S = 0.5  # silence worth mentioning
MOST = 4000  # gaps looked at, evenly spread


class Gap(NamedTuple):
    """Samples `start` to `stop` of a channel are digital silence."""

    channel: int
    start: int
    stop: int


def digital_silence(recording: Recording) -> Finding:
    """Seconds of digital silence, in stretches too long for a dropout."""
    audio = recording.audio
    if recording.silent:
        text = "It is silent throughout."
        return Finding("digital_silence", audio.seconds, "s", 1.0, text, True)
    long = [
        (gap.start, gap.stop)
        for gap in recording.ask(gaps)
        if gap.stop - gap.start >= LONG_S * audio.rate
    ]
    total = sum((stop - start) / audio.rate for start, stop in long) / audio.channels
    text = f"{total:.1f} s of digital silence: edited, gated or joined."
    if not total:
        text = "No long digital silence."
    spans = joined(long, audio.rate)
    return Finding("digital_silence", total, "s", 1.0, text, spans=spans)


def dropouts(recording: Recording) -> Finding:
    """The number of dropouts in all channels."""
    holes = [gap for gap in recording.ask(gaps) if _is_dropout(recording, gap)]
    count = len(holes)
    if not count:
        return Finding("dropouts", 0.0, "", 1.0 if recording.silent else 0.9, "No dropouts.")
    text = (
        f"{count} dropout{'s' * (count > 1)}: the sound stops abruptly and returns within a "
        "quarter of a second. No stage here repairs dropouts yet."
    )
    confidence = 0.5 + 0.4 * ramp(count, 0, 5)
    spans = joined(((gap.start, gap.stop) for gap in holes), recording.audio.rate)
    return Finding("dropouts", float(count), "", confidence, text, True, spans)


def gaps(recording: Recording) -> list[Gap]:
    """All stretches of digital silence in all channels."""
    if recording.silent:
        return []
    return [_refined(recording.audio, gap) for gap in _coarse(recording.audio)]


def _coarse(audio: Audio) -> list[Gap]:
    """Runs of every STRIDE-th sample that are silent, two or more."""
    gaps: list[Gap] = []
    thin = []
    for start, stop in blocks(audio.samples, size=STRIDE << 12):
        thin.append(np.abs(audio.samples[:, start:stop:STRIDE]) < SILENCE)
    silent = np.concatenate(thin, axis=1).astype(np.int8)
    for channel, row in enumerate(silent):
        if row.all():
            continue
        edges = np.flatnonzero(np.diff(row, prepend=0, append=0)).reshape(-1, 2)
        for first, last in edges[edges[:, 1] - edges[:, 0] > 1]:
            gaps.append(Gap(channel, int(first) * STRIDE, int(last - 1) * STRIDE))
    return gaps[:: -(-len(gaps) // MOST)] if gaps else []


def _refined(audio: Audio, gap: Gap) -> Gap:
    """The gap with its ends to the sample; empty where it is not silent all through."""
    x = audio.samples[gap.channel]
    if (np.abs(x[gap.start : gap.stop]) >= SILENCE).any():
        return Gap(gap.channel, gap.start, gap.start)
    before = np.abs(x[max(gap.start - STRIDE, 0) : gap.start])[::-1] < SILENCE
    after = np.abs(x[gap.stop : gap.stop + STRIDE]) < SILENCE
    left = int(np.argmin(np.append(before, False)))
    right = int(np.argmin(np.append(after, False)))
    return Gap(gap.channel, gap.start - left, gap.stop + right)


def _is_dropout(recording: Recording, gap: Gap) -> bool:
    """Sound right up to both ends, as loud as the recording mostly is, and alike."""
    audio = recording.audio
    if not SHORTEST_S <= (gap.stop - gap.start) / audio.rate <= LONGEST_S:
        return False
    x, n = audio.samples[gap.channel], max(8, round(EDGE_S * audio.rate))
    edges = [x[max(gap.start - n, 0) : gap.start], x[gap.stop : gap.stop + n]]
    if min(map(len, edges)) < n:
        return False
    power = recording.statistics.products[gap.channel, gap.channel]
    before, after = (10 * np.log10(np.square(e).mean() + 1e-14) for e in edges)
    least = max(10 * np.log10(power) + LOUD_DB, LOUD_DBFS)
    if min(before, after) < least or abs(before - after) > ALIKE_DB:
        return False
    if any(np.abs(e).max() < GRAINS * np.abs(e[e != 0]).min() for e in edges):
        return False
    steps = np.abs(edges[0][-NEAREST:]).max(), np.abs(edges[1][:NEAREST]).max()
    sizes = (np.sqrt(np.square(e).mean()) for e in edges)
    return all(step > ABRUPT * size for step, size in zip(steps, sizes, strict=True))
