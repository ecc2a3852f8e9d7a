"""Short excerpts of a recording and its result, as sound inside a page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.analysis.loudness import integrated_lufs
from pipeline.audio.encode import save
from pipeline.audio.sound import Audio, AudioError, peak
from pipeline.plots.pooling import envelope
from pipeline.report.document import data_uri

EXCERPTS, LONGEST_S = 3, 10.0
LEVELS_PER_S = 10
MAX_CHANNELS = 8  # of Opus and FLAC


@dataclass(frozen=True)
class Excerpt:
    """The same stretch of a recording and of its result.

    Attributes:
        start_s, end_s: in seconds.
        degraded, restored: data URIs.
        gains: factors that make both equally loud, the louder one lower.
    """

    start_s: float
    end_s: float
    degraded: str
    restored: str
    gains: tuple[float, float]


def excerpts(degraded: Audio, restored: Audio) -> tuple[Excerpt, ...]:
    """At most EXCERPTS stretches, the loudest of each part of the recording; none of 9 channels."""
    if degraded.channels > MAX_CHANNELS:
        return ()
    return tuple(_excerpt(degraded, restored, *span) for span in spans(degraded))


def spans(audio: Audio) -> list[tuple[float, float]]:
    """(start, end) in seconds: the loudest stretch of each of up to EXCERPTS equal parts."""
    count = min(EXCERPTS, max(1, round(audio.seconds / LONGEST_S)))
    part_s = audio.seconds / count
    length_s = min(LONGEST_S, part_s)
    columns = min(max(round(audio.seconds * LEVELS_PER_S), 1), audio.frames)
    levels = np.abs(envelope(audio, columns)).max(axis=1)
    column_s = audio.seconds / columns
    found = []
    for at in range(count):
        last_s = (at + 1) * part_s - length_s
        starts = np.arange(round(at * part_s / column_s), int(last_s / column_s + 1e-9) + 1)
        sums = np.concatenate(([0.0], np.cumsum(levels, dtype=np.float64)))
        stops = np.minimum(starts + round(length_s / column_s), columns)
        best = int(starts[np.argmax(sums[stops] - sums[starts])]) if len(starts) else 0
        start_s = min(max(best * column_s, at * part_s), last_s)
        found.append((start_s, start_s + length_s))
    return found


def _excerpt(degraded: Audio, restored: Audio, start_s: float, end_s: float) -> Excerpt:
    pair = [_cut(audio, start_s, end_s) for audio in (degraded, restored)]
    highest = max(1.0, *(peak(audio) for audio in pair))
    lower = [Audio(audio.samples / np.float32(highest), audio.rate) for audio in pair]
    before, after = (encoded(audio) for audio in lower)
    return Excerpt(start_s, end_s, before, after, _gains(lower))


def _cut(audio: Audio, start_s: float, end_s: float) -> Audio:
    start = min(round(start_s * audio.rate), audio.frames - 1)
    stop = max(round(end_s * audio.rate), start + 1)
    return Audio(np.array(audio.samples[:, start:stop]), audio.rate)


def _gains(pair: list[Audio]) -> tuple[float, float]:
    lufs = [integrated_lufs(audio) for audio in pair]
    known = [level for level in lufs if level is not None]
    first, second = (
        1.0 if level is None else float(10 ** ((min(known) - level) / 20)) for level in lufs
    )
    return first, second


def encoded(audio: Audio) -> str:
    """The sound as a data URI: Opus, or FLAC where libsndfile cannot write Opus."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path, kind = save(audio, Path(folder) / "excerpt.opus"), "audio/ogg"
        except AudioError:
            path = save(audio, Path(folder) / "excerpt.flac", subtype="PCM_16")
            kind = "audio/flac"
        return data_uri(path.read_bytes(), kind)
