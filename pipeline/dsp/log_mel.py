"""Log-mel spectra of sound at 16 kHz: what the content classifier sees of a recording."""

from __future__ import annotations

import functools

import numpy as np

from pipeline.dsp import framing

RATE = 16_000  # Hz, of the sound
N_FFT, HOP = 1024, 320  # samples: 64 ms, every 20 ms
BANDS = 64
BAND_HZ = (50.0, 7900.0)
RANGE_DB = 80.0  # cells so far below the loudest one are at the floor
SCALE_DB = 20.0
BLOCK = 512  # frames transformed at once


def log_mel(samples: np.ndarray) -> np.ndarray:
    """(T,) at `RATE` -> (BANDS, frames) float32: level over the mean level, in units of SCALE_DB.

    So neither the level of a recording nor a sound shorter than a frame matters; silence is zero.
    """
    if len(samples) < N_FFT:
        samples = np.pad(samples, (0, N_FFT - len(samples)))
    window = np.hanning(N_FFT).astype(np.float32)
    views = framing.frames(samples, N_FFT, HOP)
    parts = []
    for start in range(0, len(views), BLOCK):
        spectrum = np.fft.rfft(views[start : start + BLOCK] * window)
        parts.append((spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _filters().T)
    power = np.concatenate(parts).T
    loudest = max(float(power.max()), 1e-12)
    level_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
    return ((level_db - level_db.mean()) / SCALE_DB).astype(np.float32)


@functools.cache
def _filters() -> np.ndarray:
    """(BANDS, bins) float32: triangles that are equally wide in mel (O'Shaughnessy)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in BAND_HZ)
    corners_hz = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(N_FFT, 1 / RATE)[None]
    left, centre, right = (corners_hz[at : BANDS + at, None] for at in range(3))
    width = np.maximum(
        np.minimum((hz - left) / (centre - left), (right - hz) / (right - centre)), 0
    )
    nearest = np.abs(hz - centre).argmin(axis=1)
    width[np.arange(BANDS), nearest] = np.maximum(width[np.arange(BANDS), nearest], 0.1)
    return (width / width.sum(axis=1, keepdims=True)).astype(np.float32)
