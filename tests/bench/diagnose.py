"""Diagnosis: of a minute of speech in a new process; of five minutes of stereo, by measurement."""

from __future__ import annotations

import subprocess
import sys
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
FIRST = """
import time
from pipeline import Audio, diagnose
from tests.bench.timing import RATE, speech
for sound in (Audio(speech(60)[None], RATE), Audio(speech(60)[None], RATE)):
    wall, cpu = time.perf_counter(), time.process_time()
    diagnose(sound)
    print(time.perf_counter() - wall, time.process_time() - cpu)
"""
"""Diagnoses twice: the first time libraries are imported."""


def measure(row: Row) -> None:
    """Prints the rows."""
    for which, line in zip(("first", "second"), _in_a_new_process(), strict=True):
        wall, cpu = map(float, line.split())
        row(f"{which} diagnosis of a process, 1 min mono", wall, "s", f"{cpu:.2f} s of one core")
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


def _in_a_new_process() -> list[str]:
    command = [sys.executable, "-c", FIRST]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


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
