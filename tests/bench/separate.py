"""Separation: speed of every kind, how exactly stems add up, and Demucs against its package's run.

Speeds are a second of processor time's. Demucs' net here has the size of the published htdemucs and
random weights, which run as fast.
"""

from __future__ import annotations

import random
import tempfile
import time
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.separation.demucs_apply import separated, statistics
from pipeline.separation.factory import separator
from pipeline.separation.separators import OFFLINE, SEPARATORS
from pipeline.stages.per_stem import PerStem
from tests.bench.timing import Row

RATE = 44_100
SECONDS = 20.0


def htdemucs() -> Any:
    """A bag with one net of the published size, 42 million weights."""
    import torch
    from demucs.apply import BagOfModels
    from demucs.htdemucs import HTDemucs

    from models.cpu.transformer import accelerate
    from models.malloc import keep_tensors_mapped

    keep_tensors_mapped()
    torch.manual_seed(0)
    names = list(SEPARATORS["htdemucs"])
    net = HTDemucs(names, bottom_channels=512, segment=Fraction(39, 5))
    accelerate(net)
    return BagOfModels([net]).eval()


def sound(seconds: float = SECONDS, rate: int = RATE, channels: int = 2) -> Audio:
    """White noise: the hardest to put together again."""
    rng = np.random.default_rng(0)
    frames = round(seconds * rate)
    return Audio(rng.uniform(-0.5, 0.5, (channels, frames)).astype(np.float32), rate)


def decibels(error: np.ndarray, reference: np.ndarray) -> float:
    power = np.square(error.astype(float)).mean() / np.square(reference.astype(float)).mean()
    return float(10 * np.log10(max(power, 1e-30)))


def measure(row: Row) -> None:
    """Prints the rows of the table."""
    warnings.simplefilter("ignore")
    offline(row)
    demucs(row)
    identity(row)


def offline(row: Row) -> None:
    heard = sound()
    for name in OFFLINE:
        separator(name).stems(sound(1.0))  # libraries are imported once
        started = time.process_time()
        separator(name).stems(heard)
        row(
            f"separate, {name}",
            SECONDS / (time.process_time() - started),
            "x real time a core",
            "stereo",
        )


def demucs(row: Row) -> None:
    """The segments of this house, and of the package, over the same sound with the same net."""
    import demucs.apply
    import torch

    bag, heard = htdemucs(), sound()
    started = time.process_time()
    made = np.stack(separated(bag, heard, shifts=1))
    own = SECONDS / (time.process_time() - started)
    mean, deviation = statistics(heard)
    mix = torch.from_numpy((heard.samples - np.float32(mean)) / np.float32(deviation))[None]
    started, demucs.apply.random = time.process_time(), random.Random(0)
    expected = demucs.apply.apply_model(bag, mix, shifts=1)[0].numpy() * deviation
    package = SECONDS / (time.process_time() - started)
    note = f"{own / package:.2f} of the package's, {decibels(made - expected, expected):.0f} dB off"
    row("separate, htdemucs", own, "x real time a core", note)
    started = time.process_time()
    half = np.stack(separated(bag, heard, shifts=1, precision="bfloat16"))
    faster = SECONDS / (time.process_time() - started)
    note = f"{faster / own:.2f} of float32, {decibels(half - made, made):.0f} dB off"
    row("separate, htdemucs, bfloat16", faster, "x real time a core", note)


def identity(row: Row) -> None:
    """How far the sum of the stems is from the sound; with Demucs before and after consistency."""
    from tests.support.separators import tiny_demucs

    with tempfile.TemporaryDirectory() as folder:
        weights = str(tiny_demucs(Path(folder)))
        for rate, channels in ((44_100, 1), (44_100, 2), (48_000, 2), (96_000, 2)):
            heard = sound(2.0, rate, channels)
            raw = separator("htdemucs", weights=weights).stems(heard)
            before = sum(stem.samples for stem in raw.values()) - heard.samples
            stage = PerStem("htdemucs", weights=weights)
            after = stage.mix(stage.stems(heard)).samples - heard.samples
            name = f"per_stem, empty chain, {rate} Hz, {'mono' if channels == 1 else 'stereo'}"
            note = f"{decibels(before, heard.samples):.0f} dB without consistency"
            row(name, decibels(after, heard.samples), "dB", note)


if __name__ == "__main__":
    measure(lambda name, value, unit, note: print(f"{name:44} {value:9.2f} {unit:19} {note}"))
