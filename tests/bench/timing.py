"""What every part of the bench uses: a table's row, a median time, a sound, reference speeds."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

RATE = 48_000
REPEATS = 5


class Row(Protocol):
    """Prints a measurement as a row of the table."""

    def __call__(self, name: str, value: float, unit: str, note: str = "") -> None: ...


def row(name: str, value: float, unit: str, note: str = "") -> None:
    """Prints a measurement as a row of the table."""
    print(f"| {name} | {value:.3g} {unit} | {note} |", flush=True)


def median_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median time of a call, after two that do not count."""
    work(), work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def speech(seconds: float, seed: int = 0) -> np.ndarray:
    """(T,) band-limited harmonic sound under syllables, with a little noise."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * (120 * at + 10 * np.sin(2 * np.pi * 2 * at))
    tone = sum(np.sin(k * phase) / k for k in range(1, 30)) * (0.6 + 0.4 * np.sin(20 * at))
    return (0.1 * tone + 1e-4 * rng.standard_normal(len(at))).astype(np.float32)


@functools.cache
def references() -> dict[str, float]:
    """What this machine can do: GFLOP/s of a matrix product and a convolution, resampy, soxr."""
    import resampy
    import soxr
    import torch

    a = torch.randn(2048, 2048)
    x, kernel = torch.randn(1, 128, RATE), torch.randn(128, 128, 3)
    sound = speech(5)
    with torch.inference_mode():
        product_s = median_seconds(lambda: a @ a)
        convolution_s = median_seconds(lambda: torch.conv1d(x, kernel))
    slow_s = median_seconds(lambda: resampy.resample(sound, RATE, 44_100, filter="kaiser_best"), 3)
    return {
        "matmul_gflops": 2 * 2048**3 / product_s / 1e9,
        "conv_gflops": 2 * RATE * 3 * 128 * 128 / convolution_s / 1e9,
        "resampy": 5 / slow_s,
        "soxr": 5 / median_seconds(lambda: soxr.resample(sound, RATE, 44_100)),
    }
