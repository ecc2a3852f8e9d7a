"""A coarse spectrogram, to judge how bands come and go."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.dsp import framing

FRAME_S = 1 / 43
BAND_HZ = 350.0


class BandSpectrogram(NamedTuple):
    """A coarse spectrogram of one channel.

    Attributes:
        power: (frames, bands) mean power of a band's bins; white noise of power 1 has 2 / n_fft.
        logs: (frames, bands) mean of 10 log10 of the bins' power.
        hz: (bands,) the middle of each band.
        bins_a_band: bins of a band.
    """

    power: np.ndarray
    logs: np.ndarray
    hz: np.ndarray
    bins_a_band: int


def band_spectrogram(x: np.ndarray, rate: int) -> BandSpectrogram:
    """Bands of about BAND_HZ over frames of about FRAME_S that overlap by half; `x` is (T,)."""
    from scipy import fft, signal

    n_fft = max(64, 1 << round(np.log2(rate * FRAME_S)))
    if len(x) < n_fft:
        x = np.pad(x, (0, n_fft - len(x)))
    window = signal.windows.blackmanharris(n_fft, sym=False).astype(np.float32)
    window /= np.sqrt((window**2).sum() * n_fft / 2)
    width = max(1, round(BAND_HZ * n_fft / rate))
    n_bands = n_fft // 2 // width
    views = framing.frames(x, n_fft, n_fft // 2)
    powers, logs = [], []
    for some in np.array_split(views, -(-len(views) // 256)):
        spectrum = fft.rfft(some * window)[:, 1 : 1 + n_bands * width]
        power = (spectrum.real**2 + spectrum.imag**2).reshape(len(some), n_bands, width)
        powers.append(power.mean(axis=2))
        logs.append(10 * np.log10(power + 1e-16).mean(axis=2))
    hz = (np.arange(n_bands) + 0.5) * width * rate / n_fft
    return BandSpectrogram(np.concatenate(powers), np.concatenate(logs), hz, width)
