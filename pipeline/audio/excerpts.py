"""Short, evenly spread excerpts, for measurements that do not need every sample."""

from __future__ import annotations

import numpy as np

from pipeline.audio.buffers import copied
from pipeline.audio.sound import Audio

EXCERPT_S, EXCERPTS = 4.0, 12
MOST_SAMPLES = 1 << 23  # of all channels and excerpts: 32 MiB


def spread_excerpts(
    audio: Audio, seconds: float = EXCERPT_S, count: int = EXCERPTS
) -> tuple[Audio, ...]:
    """At most `count` excerpts of `seconds` each, from the first sample to the last.

    A recording no longer than all of them is returned whole, cut into excerpts.
    """
    length = min(audio.frames, max(1, round(seconds * audio.rate)))
    count = min(count, max(1, MOST_SAMPLES // (audio.channels * length)))
    return tuple(
        Audio(copied(audio.samples, start, stop), audio.rate)
        for start, stop in excerpt_ranges(audio, seconds, count)
    )


def excerpt_ranges(audio: Audio, seconds: float, count: int) -> list[tuple[int, int]]:
    """The (start, stop) samples of evenly spread excerpts; of all of it where it is short."""
    length = min(audio.frames, max(1, round(seconds * audio.rate)))
    count = min(count, -(-audio.frames // length))
    starts = np.linspace(0, audio.frames - length, count).astype(int)
    return [(int(start), int(start) + length) for start in starts]
