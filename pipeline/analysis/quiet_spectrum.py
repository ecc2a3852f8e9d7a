"""The low-frequency spectrum of a recording's quiet moments, in which hum and rumble show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.analysis.once import once_per_sound
from pipeline.audio.buffers import copied
from pipeline.audio.sound import Audio

STRETCH_S, STRETCHES = 4.0, 24
SHORTEST_S = 3.0  # shorter sounds have too few quiet moments
HIGHEST_HZ = 1000.0  # of a harmonic of hum
FINER = 4  # zero padding


class Quiet(NamedTuple):
    """The spectrum of the quiet quarter of stretches."""

    hz: np.ndarray  # (F,)
    power: np.ndarray  # (F,) mean over channels; a sine of amplitude a has a^2 / 2 at its peak
    loud: np.ndarray  # (F,) the same of the loud quarter
    noise: float  # power of noise in a band is the sum over its bins, times this
    stretches: int


@once_per_sound
def quiet_spectrum(audio: Audio) -> Quiet:
    """Up to HIGHEST_HZ, of stretches spread evenly over a sound of at least SHORTEST_S."""
    from scipy import fft

    stretch_s = min(STRETCH_S, audio.seconds / 2.5)
    length = int(stretch_s * audio.rate)
    count = int(np.clip(2 * audio.frames // length - 1, 4, STRETCHES))
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    n_low = int(2.5 * HIGHEST_HZ * stretch_s)  # samples of a stretch at a low rate
    n_fft = fft.next_fast_len(FINER * n_low, real=True)
    powers = []
    for part in _stretches(audio, length, count):
        spectrum = fft.rfft((part - part.mean(axis=1, keepdims=True)) * window)
        slow = fft.irfft(spectrum[:, : n_low // 2 + 1], n_low)
        finer = fft.rfft(slow, n_fft)
        powers.append((finer.real**2 + finer.imag**2).mean(axis=0))
    quiet, loud = np.quantile(np.array(powers), (0.25, 0.75), axis=0) * (2 / window.sum() ** 2)
    hz = np.arange(n_fft // 2 + 1) * (n_low / stretch_s) / n_fft
    noise = window.sum() ** 2 / (np.square(window).sum() * length) * n_low / n_fft
    kept = hz <= HIGHEST_HZ + 20
    return Quiet(hz[kept], quiet[kept], loud[kept], float(noise), count)


def _stretches(audio: Audio, length: int, count: int) -> Iterator[np.ndarray]:
    """Yields (C, length): stretches evenly spread over the sound."""
    for start in np.linspace(0, audio.frames - length, count).astype(int):
        yield copied(audio.samples, int(start), int(start) + length)
