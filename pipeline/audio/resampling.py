"""Sample-rate conversion of sound of any length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr

from pipeline.audio.buffers import allocate, blocks, release
from pipeline.audio.sound import Audio, AudioError


def resample(
    audio: Audio, rate: int, *, tick: Callable[[float], None] = lambda fraction: None
) -> Audio:
    """The same sound at another rate, without delay and of exactly the matching length.

    The length is frames * rate / audio.rate, rounded half up, at least 1. It works block by block.
    Source: libsoxr's "VHQ" setting (28 bits, pass band to 0.91 of the lower Nyquist frequency).

    Args:
        rate: Hz, above 0.
        tick: called with the fraction done after each block; may raise to stop.
    """
    if rate == audio.rate:
        return audio
    if rate < 1:
        raise AudioError(f"rate: got {rate}, expected a whole number of Hz above 0")
    frames = max(1, (2 * audio.frames * rate + audio.rate) // (2 * audio.rate))
    out = allocate(audio.channels, frames)
    stream = soxr.ResampleStream(audio.rate, rate, audio.channels, "float32", "VHQ")
    at = 0
    for start, stop in blocks(audio.samples):
        block = np.ascontiguousarray(audio.samples[:, start:stop].T)  # (C, T) -> (T, C)
        resampled = stream.resample_chunk(block, last=stop == audio.frames)[: frames - at]
        out[:, at : at + len(resampled)] = resampled.T
        release(out, at, at + len(resampled))
        at += len(resampled)
        tick(stop / audio.frames)
    return Audio(out, rate)
