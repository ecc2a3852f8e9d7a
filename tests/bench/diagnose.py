"""The diagnosis of five minutes of stereo: how long it takes, whole and by measurement."""

from __future__ import annotations

import time

import numpy as np

from pipeline.audio.buffers import allocate
from pipeline.audio.sound import Audio
from pipeline.diagnosis.diagnose import FINDINGS, diagnose
from pipeline.diagnosis.recording import Recording
from tests.bench.timing import Row
from tests.support.sounds import music

SECONDS, RATE = 300.0, 44_100
REPEATS = 3
SLOW_S = 0.1  # a measurement that takes less has no row


def measure(row: Row) -> None:
    """Prints the rows."""
    sound = _repeated(music(20.0, RATE), SECONDS)
    diagnose(sound)
    wall, cpu = (
        np.median(times) for times in zip(*(_timed(sound) for _ in range(REPEATS)), strict=True)
    )
    note = f"{cpu:.2f} s of one core; goal: 3 s"
    row("diagnosis of 5 min of 44.1 kHz stereo", float(wall), "s", note)
    recording = Recording(sound)
    for finding in FINDINGS:
        started = time.process_time()
        finding(recording)
        taken = time.process_time() - started
        if taken > SLOW_S:
            row(f"diagnosis: {finding.__name__}", taken, "s", "of one core")


def _repeated(sound: Audio, seconds: float) -> Audio:
    made = allocate(sound.channels, round(seconds * sound.rate))
    for start in range(0, made.shape[1], sound.frames):
        part = made[:, start : start + sound.frames]
        part[:] = sound.samples[:, : part.shape[1]]
    return Audio(made, sound.rate)


def _timed(sound: Audio) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    diagnose(sound)
    return time.perf_counter() - wall, time.process_time() - cpu
