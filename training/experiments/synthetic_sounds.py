"""Sound that needs no recording: voices of a formant synthesiser, and held chords."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import signal

FORMANTS_HZ = ((300, 800), (900, 2200), (2300, 3200))
LEVELS = (1.0, 0.5, 0.3)
SEMITONES = (0, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 19)


def synthetic_voice(length: int, rate: int, rng: Generator) -> np.ndarray:
    """(T,) float32: syllables of a gliding voice with formants, fricatives between, a floor."""
    time_s = np.arange(length) / rate
    base_hz = float(np.exp(rng.uniform(np.log(85), np.log(260))))
    glide = 1 + rng.uniform(0.05, 0.3) * np.sin(2 * np.pi * rng.uniform(0.3, 1.2) * time_s + 1)
    phase = 2 * np.pi * np.cumsum(base_hz * glide) / rate
    formants_hz = [rng.uniform(*limits) for limits in FORMANTS_HZ]
    voice = np.zeros(length)
    for number in range(1, int(0.45 * rate / (1.3 * base_hz))):
        hz = number * base_hz
        peaks = [1 / (1 + ((hz - formant_hz) / 120) ** 2) for formant_hz in formants_hz]
        voice += (0.3 * np.dot(peaks, LEVELS) + (1 + hz / 500) ** -1.5) * np.sin(number * phase)
    fricative = signal.lfilter([1, -0.7], [1], rng.standard_normal(length))
    turn = 2 * np.pi * rng.uniform(2, 5) * time_s + rng.uniform(0, 6.3)
    syllables, gaps = np.clip(np.sin(turn), 0, 1), np.clip(np.sin(turn + np.pi), 0, 1)
    sound = voice * syllables + 10 ** rng.uniform(-2, -1) * fricative * gaps
    sound += 10 ** rng.uniform(-5, -3) * rng.standard_normal(length)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def chord(length: int, rate: int, rng: Generator) -> np.ndarray:
    """(T,) float32: held notes with few partials."""
    time_s = np.arange(length) / rate
    total = 1e-4 * rng.standard_normal(length)
    root_hz = float(np.exp(rng.uniform(np.log(80), np.log(500))))
    for step in rng.choice(SEMITONES, int(rng.integers(2, 5)), replace=False):
        for number in range(1, 1 + int(rng.integers(1, 8))):
            hz = number * root_hz * 2 ** (step / 12)
            if hz < 0.45 * rate:
                total += np.sin(2 * np.pi * hz * time_s + rng.uniform(0, 6.3)) / number**1.5
    return (0.3 * total / np.abs(total).max()).astype(np.float32)
