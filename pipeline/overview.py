"""What a page draws of a sound of any length, measured block by block in bounded memory."""

from __future__ import annotations

import numpy as np

from pipeline.audio import Audio, allocate, release, resample

BLOCK = 1 << 20


def envelope(audio: Audio, columns: int, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Lowest and highest sample of each of `columns` equal stretches of time, over all channels.

    Args:
        audio: any sound.
        columns: at least 1, at most the number of frames looked at.
        start, stop: frames [start, stop); the whole sound by default.

    Returns:
        (columns, 2) float32: minimum, maximum.
    """
    stop = audio.frames if stop is None else stop
    edges = start + (np.arange(columns + 1) * (stop - start)) // columns
    out = np.empty((columns, 2), dtype=np.float32)
    group = max(1, BLOCK * columns // max(stop - start, 1))
    for first in range(0, columns, group):
        last = min(first + group, columns)
        block = audio.samples[:, edges[first] : edges[last]]
        at = edges[first:last] - edges[first]
        out[first:last, 0] = np.minimum.reduceat(block, at, axis=1).min(axis=0)
        out[first:last, 1] = np.maximum.reduceat(block, at, axis=1).max(axis=0)
        release(audio.samples, edges[first], edges[last])
    return out


def difference(before: Audio, after: Audio) -> Audio:
    """What a restoration changed: `after` minus `before`, at the rate and length of `after`.

    A quieter `before` rate is resampled first; samples may exceed full scale.
    """
    if before.rate != after.rate:
        before = resample(before, after.rate)
    out = allocate(after.channels, after.frames)
    for start in range(0, after.frames, BLOCK):
        stop = min(start + BLOCK, after.frames)
        out[:, start:stop] = after.samples[:, start:stop]
        end = min(stop, before.frames)
        if end > start:
            out[:, start:end] -= before.samples[:, start:end]
        release(out, start, stop)
    return Audio(out, after.rate)
