"""Statistics of one recording, measured block by block: level, clipping, silence, bandwidth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.analysis.clipping import flat_peaks, is_clipped
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio, peak

QUIET = 1e-7  # mean square of a silent block: -70 dBFS
QUIET_S = 0.05


@dataclass(frozen=True)
class Facts:
    """Measurements of a recording.

    Args:
        peak: largest magnitude; full scale is 1.
        flat_tops: peaks that were clipped; 0 where there are too few to call it clipped.
        quiet: share of the duration below -70 dBFS.
        bandwidth_hz: effective bandwidth.
        digest: equal for equal samples (to 16 bits) at an equal rate, whatever the container.
    """

    peak: float
    flat_tops: int
    quiet: float
    bandwidth_hz: float
    digest: str


def measure(audio: Audio) -> Facts:
    """All of `Facts`, in bounded memory however long the recording is."""
    top = peak(audio)
    digest = hashlib.blake2b(f"{audio.rate} {audio.channels}".encode(), digest_size=16)
    quiet, count = 0, 0
    hop = max(1, round(QUIET_S * audio.rate))
    for start, stop in blocks(audio.samples, size=hop * max(1, (1 << 18) // hop)):
        block = audio.samples[:, start:stop]
        digest.update(np.rint(block * 32_768).astype(np.int32).tobytes())
        levels = _levels(block, hop)
        quiet, count = quiet + int((levels < QUIET).sum()), count + len(levels)
    band = effective_bandwidth_hz(audio) if top else audio.rate / 2
    flat = flat_peaks(audio).at_top if is_clipped(audio) else 0
    return Facts(top, flat, quiet / count, band, digest.hexdigest())


def _levels(block: np.ndarray, hop: int) -> np.ndarray:
    """(N,) mean square of the loudest channel in stretches of `hop`, the last one shorter."""
    sums = np.add.reduceat(np.square(block), np.arange(0, block.shape[1], hop), axis=1)
    lengths = np.full(sums.shape[1], hop)
    lengths[-1] = block.shape[1] - hop * (len(lengths) - 1)
    return (sums / lengths).max(axis=0)
