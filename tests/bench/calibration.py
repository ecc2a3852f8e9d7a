"""`python -m tests.bench.calibration FOLDER...`: is a bandwidth that is 90 % sure right in 90 %?

One recording of each of some groups that reach 19 kHz, as it is and cut off by filters of several
kinds, with dither, clicks or hiss after it. The first table compares the reading with the cut-off;
the second the stated confidence with the share of readings that are right: within 15 % of the
cut-off where there is one, 14.5 kHz or more where there is none.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr
from scipy import signal

from pipeline.audio.decode import load
from pipeline.audio.sound import Audio
from pipeline.diagnosis.bandwidth import AUDIBLE_HZ, bandwidth
from pipeline.diagnosis.recording import Recording
from training.data.dataset import open_dataset

FULL_HZ, SECONDS, NEAR = 19_000.0, 10.0, 0.15
GROUPS = {"speech": 16, "music": 20, "stem_other": 6, "stem_drums": 4}
"""Groups of each kind, the last by the digest of their names; thresholds were chosen on others."""

CUTS_HZ = (2500, 3400, 4000, 5500, 6000, 7000, 8000, 10_000, 11_000, 12_000, 13_000)
BINS = (0.0, 0.6, 0.7, 0.8, 0.9, 1.01)


def sinc(x: np.ndarray, rate: int, hz: float, taps: int = 1025) -> np.ndarray:
    return signal.oaconvolve(x, signal.firwin(taps, hz, fs=rate)[None], mode="same", axes=1)


def resampled(x: np.ndarray, rate: int, hz: float) -> np.ndarray:
    low = round(2 * hz / 0.955)
    return soxr.resample(soxr.resample(x.T, rate, low), low, rate).T[:, : x.shape[1]]


def butterworth(x: np.ndarray, rate: int, hz: float, order: int) -> np.ndarray:
    return signal.sosfilt(signal.butter(order, hz, fs=rate, output="sos"), x, axis=1)


FILTERS = {
    "windowed sinc": sinc,
    "resampler": resampled,
    "63 taps": lambda x, rate, hz: sinc(x, rate, hz, 63),
    "Chebyshev 8": lambda x, rate, hz: signal.sosfilt(
        signal.cheby1(8, 0.5, hz, fs=rate, output="sos"), x, axis=1
    ),
    **{f"Butterworth {n}": lambda x, rate, hz, n=n: butterworth(x, rate, hz, n)
       for n in (12, 8, 6, 4)},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="datasets with a manifest")
    arguments = parser.parse_args()
    readings: dict[str, list[tuple[float, float, float | None]]] = defaultdict(list)
    for number, audio in enumerate(recordings(arguments.folders)):
        rng = np.random.default_rng(number)
        for kind, cut_hz, sound in variants(audio, rng):
            reading = bandwidth(Recording(sound))
            if reading.value is not None:
                readings[kind].append((float(reading.value), reading.confidence, cut_hz))
    print("| filter | readings | within 5 % | within 10 % | within 20 % |\n|---|---|---|---|---|")
    for kind, some in readings.items():
        print(row(kind, some))
    print("\n| stated confidence | readings | right |\n|---|---|---|")
    every = [one for some in readings.values() for one in some]
    for low, high in pairwise(BINS):
        chosen = [is_right(hz, cut) for hz, sure, cut in every if low <= sure < high]
        if chosen:
            print(f"| {low:.0%} to {min(high, 1):.0%} | {len(chosen)} | {np.mean(chosen):.0%} |")


def recordings(folders: list[Path]) -> Iterator[Audio]:
    """The middle of one recording of each group."""
    groups: dict[str, dict[str, Path]] = {kind: {} for kind in GROUPS}
    for folder in folders:
        for item in open_dataset(folder).items:
            if item.kind in GROUPS and (item.bandwidth_hz or 0) >= FULL_HZ:
                groups[item.kind].setdefault(item.group, item.clean)
    for kind, count in GROUPS.items():
        names = sorted(groups[kind], key=lambda name: hashlib.md5(name.encode()).hexdigest())
        for name in names[-count:]:
            audio = load(groups[kind][name])
            length = min(audio.frames, round(SECONDS * audio.rate))
            start = (audio.frames - length) // 2
            if length > audio.rate:
                yield Audio(audio.samples[:, start : start + length].copy(), audio.rate)


def variants(audio: Audio, rng: np.random.Generator) -> Iterator[tuple[str, float | None, Audio]]:
    """As it is as often as cut off: (filter, its cut-off, sound)."""
    for _ in FILTERS:
        yield "none", None, Audio(spoilt(audio.samples, rng), audio.rate)
    for kind, limit in FILTERS.items():
        cut_hz = float(rng.choice(CUTS_HZ))
        cut = limit(audio.samples.astype(np.float64), audio.rate, cut_hz)
        yield kind, cut_hz, Audio(spoilt(cut, rng), audio.rate)


def spoilt(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With nothing, 16-bit dither, a few clicks, or faint hiss."""
    after = int(rng.integers(4))
    if after == 1:
        x = np.round(x * 32767 + rng.uniform(-0.5, 0.5, (2, *x.shape)).sum(axis=0)) / 32768
    elif after == 2:
        x = x.copy()
        level = 10 ** (rng.choice([-70, -40, -15]) / 20)
        x[:, rng.integers(0, x.shape[1], 3)] += np.abs(x).max() * level
    elif after == 3:
        x = x + 10 ** (-50 / 20) * np.sqrt(np.mean(x**2)) * rng.standard_normal(x.shape)
    return x.astype(np.float32)


def is_right(hz: float, cut_hz: float | None) -> bool:
    return hz >= AUDIBLE_HZ if cut_hz is None else abs(hz / cut_hz - 1) <= NEAR


def row(kind: str, readings: list[tuple[float, float, float | None]]) -> str:
    if kind == "none":
        wrong = sum(not is_right(hz, cut) for hz, _, cut in readings)
        return f"| none | {len(readings)} | {wrong} read below 14.5 kHz | | |"
    off = np.abs([hz / cut - 1 for hz, _, cut in readings if cut])
    shares = " | ".join(f"{np.mean(off <= most):.0%}" for most in (0.05, 0.1, 0.2))
    return f"| {kind} | {len(off)} | {shares} |"


if __name__ == "__main__":
    main()
