"""Clicks with known places put on clean sound, for the test of Declick and its bench."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from tests.support.helpers import run_ffmpeg
from tests.support.sounds import speech

RATE = 48_000
KINDS = {"impulses": 60, "bursts": 60, "crackle": 300}
"""Kinds of damage and how many a minute: single samples, decaying noise of 0.2 to 2 ms, and
crackle of one sample to 0.3 ms."""


def music(seconds: float, seed: int = 0) -> np.ndarray:
    """(1, T): plucked chords, each a quarter of a second, over a faint hiss."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE)) / RATE
    beat = at % 0.25
    root = 110 * 2 ** (rng.integers(0, 12, int(4 * seconds) + 1) / 12)[(at * 4).astype(int)]
    phase = 2 * np.pi * np.cumsum(root) / RATE
    chord = sum(
        np.sin(k * ratio * phase) * np.exp(-3 * k * beat) / k
        for ratio in (1, 1.25, 1.5)
        for k in range(1, 12)
    )
    sound = chord * np.minimum(beat / 0.003, 1) + 1e-3 * rng.standard_normal(at.size)
    return (0.5 * sound / np.abs(sound).max())[None].astype(np.float32)


def clean(material: str, seconds: float) -> np.ndarray:
    """(1, T) of "speech" or "music"."""
    return music(seconds) if material == "music" else speech(seconds)


def adeclick(samples: np.ndarray, rate: int, folder: Path) -> np.ndarray:
    """(T,) what ffmpeg's filter of this name makes of it."""
    sf.write(folder / "in.wav", samples, rate, "FLOAT")
    arguments = ("-af", "adeclick", "-c:a", "pcm_f32le")
    run_ffmpeg("-i", folder / "in.wav", *arguments, folder / "out.wav")
    return sf.read(folder / "out.wav", dtype="float32")[0]


def snr_db(target: np.ndarray, estimate: np.ndarray, where: np.ndarray) -> float:
    """Of the samples that `where` names alone."""
    error = np.square((estimate - target)[where].astype(float)).sum()
    return float(10 * np.log10(np.square(target[where].astype(float)).sum() / max(error, 1e-20)))
