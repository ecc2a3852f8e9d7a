"""Declick beside ffmpeg's adeclick on known clicks; Dequantize on known grids."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.degradation.additions import click_track as clicks
from pipeline.degradation.effects import MuLaw
from pipeline.stages.declick import Declick
from pipeline.stages.dequantize import Dequantize
from tests.bench.timing import Row
from tests.support.clicks import KINDS, RATE, adeclick, clean, snr_db
from tests.support.grids import rounded

SECONDS = 30.0


def measure(row: Row) -> None:
    """Prints one line a measurement with row(name, value, unit, note)."""
    for material in ("speech", "music"):
        x = clean(material, SECONDS)
        for kind, per_minute in KINDS.items():
            _declick(row, material, x[0], kind, per_minute)
        same = Declick()(Audio(x, RATE)).samples
        changed = int(np.count_nonzero(same != x))
        row(f"declick, clean {material}", changed, "samples changed", "")
        for bits in (8, 10, 12):
            _dequantize(row, f"{bits} bits, {material}", x, rounded(x, bits))
        _dequantize(row, f"mu-law, {material}", x, MuLaw()(Audio(x, RATE)).samples)


def _declick(row: Row, material: str, x: np.ndarray, kind: str, per_minute: float) -> None:
    damage = clicks(kind, x, RATE, per_minute)
    bad, hit = x + damage, damage != 0
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        other = adeclick(bad, RATE, Path(folder))
        other_s = time.perf_counter() - started
    started = time.perf_counter()
    made = Declick()(Audio(bad[None], RATE)).samples[0]
    taken_s = time.perf_counter() - started
    against = f"before {snr_db(x, bad, hit):.1f}, adeclick {snr_db(x, other, hit):.1f} dB"
    row(f"declick, {kind}, {material}", snr_db(x, made, hit), "dB of repaired samples", against)
    name = f"declick, {kind}, {material}: speed"
    row(name, SECONDS / taken_s, "x real time", f"{other_s / taken_s:.1f} adeclick")


def _dequantize(row: Row, name: str, x: np.ndarray, coarse: np.ndarray) -> None:
    started = time.perf_counter()
    made = Dequantize()(Audio(coarse, RATE)).samples
    speed = SECONDS / (time.perf_counter() - started)
    every = np.ones(x.shape, bool)
    note = f"before {snr_db(x, coarse, every):.1f} dB, {speed:.0f} x real time"
    row(f"dequantize, {name}", snr_db(x, made, every), "dB", note)
