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
    room = max(1, MOST_SAMPLES // (audio.channels * length))
    count = min(count, room, -(-audio.frames // length))
    starts = np.linspace(0, audio.frames - length, count).astype(int)
    excerpts = []
    for start in starts:
        excerpts.append(Audio(copied(audio.samples, int(start), int(start) + length), audio.rate))
    return tuple(excerpts)
