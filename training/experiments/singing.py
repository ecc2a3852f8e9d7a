"""Singing made of speech: its vocal tract on a melody, by linear prediction.

Recordings of solo singing under a free licence are few, so the content classifier learns from
these as well. Some speech goes through the same vocoder, lest the vocoder's sound mean singing.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import linalg, signal

ORDER, FRAME_S, HOP_S = 20, 0.032, 0.008
VOICED = 0.35  # peak of the normalised autocorrelation at a pitch's lag
PITCH_HZ = (70.0, 400.0)
SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12])  # semitones


def sung(voice: np.ndarray, rate: int, rng: Generator) -> np.ndarray:
    """(T,) -> (T,): the first part of a voice, slowed down, on a random melody with vibrato."""
    slow = float(rng.uniform(1.3, 3.0))
    count = round(len(voice) / (HOP_S * rate))
    at = np.clip(np.arange(count) / slow, 0, count - 1).astype(int)
    filters, gains, _, voiced = _analysed(voice, rate)
    at = np.minimum(at, len(gains) - 1)
    return _synthesised(
        filters[at], gains[at], melody(count, rng), voiced[at], rate, rng, len(voice)
    )


def respoken(voice: np.ndarray, rate: int, rng: Generator) -> np.ndarray:
    """(T,) -> (T,): the same voice on its own pitch, through the same vocoder."""
    filters, gains, pitch_hz, voiced = _analysed(voice, rate)
    return _synthesised(filters, gains, pitch_hz, voiced, rate, rng, len(voice))


def melody(count: int, rng: Generator) -> np.ndarray:
    """(N,) pitch in Hz of every frame: notes of a scale, short glides between them, vibrato."""
    base_hz = float(np.exp(rng.uniform(np.log(110), np.log(420))))
    notes: list[np.ndarray] = []
    step = int(rng.integers(len(SCALE)))
    while sum(len(note) for note in notes) < count:
        step = int(np.clip(step + rng.integers(-2, 3), 0, len(SCALE) - 1))
        length = max(4, round(float(np.exp(rng.uniform(np.log(0.2), np.log(1.6)))) / HOP_S))
        notes.append(np.full(length, SCALE[step], float))
    semitones = np.concatenate(notes)[:count]
    glide = np.hanning(round(rng.uniform(0.04, 0.12) / HOP_S) + 2)[1:-1]
    semitones = signal.convolve(
        np.pad(semitones, len(glide), mode="edge"), glide / glide.sum(), "same"
    )
    time_s = np.arange(count) * HOP_S
    depth = rng.uniform(0, 0.5)
    vibrato = depth * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * time_s)
    return base_hz * 2 ** ((semitones[len(glide) :][:count] + vibrato) / 12)


def _analysed(
    voice: np.ndarray, rate: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(N, ORDER + 1) filters, (N,) gains, pitch in Hz (held where unvoiced), whether voiced."""
    size, hop = round(FRAME_S * rate), round(HOP_S * rate)
    padded = np.pad(signal.lfilter([1, -0.9], [1], voice), (size // 2, size))
    window = np.hanning(size)
    low, high = (round(rate / hz) for hz in PITCH_HZ[::-1])
    filters, gains, pitch_hz, voiced = [], [], [], []
    last_hz = 140.0
    for start in range(0, len(voice), hop):
        frame = padded[start : start + size] * window
        power = np.abs(np.fft.rfft(frame, 2 * size)) ** 2
        lags = np.fft.irfft(power)[:size] + 1e-9
        lags[0] *= 1 + 1e-4
        taps = linalg.solve_toeplitz(lags[:ORDER], lags[1 : ORDER + 1])
        filters.append(np.append(1, -taps))
        gains.append(np.sqrt(max(lags[0] - taps @ lags[1 : ORDER + 1], 1e-12) / np.sum(window**2)))
        best = low + int(np.argmax(lags[low:high]))
        is_voiced = bool(lags[best] > VOICED * lags[0])
        last_hz = rate / best if is_voiced else last_hz
        pitch_hz.append(last_hz)
        voiced.append(is_voiced)
    smooth_hz = signal.medfilt(np.array(pitch_hz), 5)
    return (
        np.array(filters),
        np.array(gains),
        smooth_hz,
        signal.medfilt(np.array(voiced, float), 5) > 0,
    )


def _synthesised(
    filters: np.ndarray, gains: np.ndarray, pitch_hz: np.ndarray, voiced: np.ndarray,
    rate: int, rng: Generator, length: int,
) -> np.ndarray:  # fmt: skip
    """(length,): pulses at the pitch or noise, through each frame's filter in turn."""
    hop = round(HOP_S * rate)
    hz = np.interp(np.arange(length) / hop, np.arange(len(pitch_hz)), pitch_hz)
    turns = np.cumsum(hz / rate)
    pulses = np.diff(np.floor(turns), prepend=0) * np.sqrt(rate / hz)
    noise = rng.standard_normal(length)
    out, state = np.zeros(length), np.zeros(ORDER)
    for index in range(min(len(gains), -(-length // hop))):
        part = slice(index * hop, min((index + 1) * hop, length))
        source = pulses[part] + 0.05 * noise[part] if voiced[index] else noise[part]
        out[part], state = signal.lfilter([gains[index]], filters[index], source, zi=state)
    return signal.lfilter([1], [1, -0.9], out).astype(np.float32)
