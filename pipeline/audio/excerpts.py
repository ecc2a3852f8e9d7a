"""Short pieces of a recording, evenly spread: for what need not be measured on every sample."""

from __future__ import annotations

import numpy as np

from pipeline.audio.buffers import copied
from pipeline.audio.sound import Audio

PIECE_S, PIECES = 4.0, 12
MOST_SAMPLES = 1 << 23  # of all channels and pieces: 32 MiB


def pieces(audio: Audio, seconds: float = PIECE_S, count: int = PIECES) -> tuple[Audio, ...]:
    """At most `count` pieces of `seconds` each, from the first sample to the last.

    A recording that is no longer than all of them comes whole, cut where it must be.
    """
    length = min(audio.frames, max(1, round(seconds * audio.rate)))
    room = max(1, MOST_SAMPLES // (audio.channels * length))
    count = min(count, room, -(-audio.frames // length))
    starts = np.linspace(0, audio.frames - length, count).astype(int)
    made = []
    for start in starts:
        made.append(Audio(copied(audio.samples, int(start), int(start) + length), audio.rate))
    return tuple(made)
