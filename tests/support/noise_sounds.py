"""Speech and music made in code, noise at a given SNR, and how much of an attack is left."""

from __future__ import annotations

import functools

import numpy as np

RATE = 44_100


@functools.cache
def speech(seconds: float = 6.0, seed: int = 0) -> np.ndarray:
    """(1, T): voiced syllables with formants, fricatives, and pauses of half a second."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.6 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(
        np.sin(k * phase) / (1 + ((120 * k - 700) / 300) ** 2) ** 0.5 / k**0.7 for k in range(1, 40)
    )
    hiss = np.diff(rng.standard_normal(t.size + 1))
    cycle = (t % 2.0) / 2.0  # 1.5 s of syllables, then a pause
    talking = cycle < 0.75
    syllable = np.clip(np.sin(2 * np.pi * 4 * t), 0, 1) ** 0.5 * talking
    fricative = np.clip(np.sin(2 * np.pi * 4 * t + np.pi), 0, 1) ** 2 * talking
    sound = voice * syllable + 0.15 * hiss * fricative
    return (0.3 * sound / np.abs(sound).max())[None].astype(np.float32)


@functools.cache
def music(seconds: float = 6.0, channels: int = 1, seed: int = 0) -> np.ndarray:
    """(C, T): plucked chords that repeat every two seconds, drums, and a floor at -80 dBFS."""
    rng = np.random.default_rng(seed)
    out = 1e-4 * rng.standard_normal((2, int(seconds * RATE))).astype(np.float32)
    notes = ((220, 277.2, 329.6), (196, 246.9, 293.7), (174.6, 220, 261.6), (164.8, 207.7, 246.9))
    for step in range(int(seconds * 2)):
        t = np.arange(int(1.5 * RATE)) / RATE
        chord = sum(
            np.exp(-t * (2 + k)) * np.sin(2 * np.pi * hz * k * t) / k
            for hz in notes[step % 4]
            for k in range(1, 12)
        )
        _add(out, step * 0.5, 0.08 * chord, 0.3)
        drum = drum_hit(rng) if step % 2 else 0.8 * np.exp(-20 * t) * np.sin(2 * np.pi * 60 * t)
        _add(out, step * 0.5, 0.4 * drum, 0.6)
    return out[:channels] if channels == 2 else out.mean(axis=0, keepdims=True)


def drum_hit(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(RATE // 4) / RATE
    return np.exp(-25 * t) * rng.standard_normal(t.size)


@functools.cache
def drums(seconds: float = 6.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(1, T) of hits twice a second, and the samples at which they begin."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, int(seconds * RATE)), np.float32)
    starts = np.arange(0.25, seconds - 0.3, 0.5)
    for at in starts:
        _add(out, at, 0.3 * drum_hit(rng), 0.5)
    return 2 * out[:1], np.round(starts * RATE).astype(int)


def _add(out: np.ndarray, at_s: float, sound: np.ndarray, left: float) -> None:
    start = int(at_s * RATE)
    part = sound[: out.shape[1] - start].astype(np.float32)
    out[:, start : start + part.size] += np.array([[left], [1 - left]], np.float32) * part


@functools.cache
def noise(kind: str, shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """White or pink, of unit variance."""
    white = np.random.default_rng(seed).standard_normal(shape)
    if kind == "pink":
        hz = np.fft.rfftfreq(shape[1], 1 / RATE)
        white = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(hz, 20)), shape[1])
    return (white / white.std()).astype(np.float32)


def noisy(clean: np.ndarray, snr_db: float, kind: str = "white") -> np.ndarray:
    """`clean` with noise at that SNR over its whole length."""
    level = np.sqrt(np.square(clean).mean() / 10 ** (snr_db / 10))
    return clean + level * noise(kind, clean.shape)


def onset_db(estimate: np.ndarray, clean: np.ndarray, starts: np.ndarray) -> float:
    """Median over attacks: energy of their first 20 ms in the estimate over that in the clean."""
    spans = [slice(at, at + RATE // 50) for at in starts]
    ratios = [np.square(estimate[:, s]).sum() / np.square(clean[:, s]).sum() for s in spans]
    return float(10 * np.log10(np.median(ratios)))
