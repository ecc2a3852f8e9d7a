"""Declip beside ffmpeg's adeclip: SDR of sound clipped on purpose, and speed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio.sound import Audio
from pipeline.stages.declip import Declip
from tests.support.clicks import RATE, clean
from tests.support.helpers import run_ffmpeg

SECONDS = 10.0
CLIPPED_BY_DB = (3, 6, 12)
Row = Callable[[str, float, str, str], None]


def measure(row: Row) -> None:
    """Prints one line a measurement with row(name, value, unit, note)."""
    for material in ("speech", "music"):
        x = clean(material, SECONDS)[0]
        for by_db in CLIPPED_BY_DB:
            level = np.abs(x).max() * 10 ** (-by_db / 20)
            bad = np.clip(x, -level, level).astype(np.float32)
            other, other_s = _adeclip(bad)
            started = time.perf_counter()
            level_db = float(20 * np.log10(level))
            made = Declip(level_db=level_db)(Audio(bad[None], RATE)).samples[0]
            taken_s = time.perf_counter() - started
            against = f"before {sdr_db(x, bad):.1f}, adeclip {sdr_db(x, other):.1f} dB"
            row(f"declip, {material}, {by_db} dB", sdr_db(x, made), "dB", against)
            name = f"declip, {material}, {by_db} dB: speed"
            row(name, SECONDS / taken_s, "x real time", f"{other_s / taken_s:.1f} adeclip")


def sdr_db(clean: np.ndarray, estimate: np.ndarray) -> float:
    """Signal-to-distortion ratio of (T,)."""
    error = np.square((clean - estimate).astype(float)).sum()
    return float(10 * np.log10(np.square(clean.astype(float)).sum() / max(error, 1e-20)))


def _adeclip(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """(T,) what ffmpeg's filter of this name makes of it, and in how many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.wav", Path(folder) / "out.wav"
        soundfile.write(source, samples, RATE, "FLOAT")
        started = time.perf_counter()
        run_ffmpeg("-i", source, "-af", "adeclip", "-c:a", "pcm_f32le", target)
        taken_s = time.perf_counter() - started
        estimate = soundfile.read(target, dtype="float32")[0]
    return np.pad(estimate, (0, max(0, samples.size - estimate.size)))[: samples.size], taken_s
