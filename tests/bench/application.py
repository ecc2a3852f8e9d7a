"""The command line from file to file: speed and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from tests.bench.timing import RATE, Row, speech

FILES = ((1.0, 1), (10.0, 1), (60.0, 2))
"""Minutes and channels."""


def measure(row: Row) -> None:
    """Prints speed and peak memory of files from one minute to an hour."""
    for minutes, channels in FILES:
        file_to_file(row, minutes, channels)


def file_to_file(row: Row, minutes: float, channels: int) -> None:
    """The command line on a file: seconds of one channel a second, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.wav"
        with sf.SoundFile(path, "w", RATE, channels, "PCM_16") as file:
            for minute in range(round(minutes)):
                seeds = range(channels * minute, channels * (minute + 1))
                file.write(np.stack([speech(60, seed) for seed in seeds], axis=1))
        command = [sys.executable, "-m", "pipeline", "restore", str(path), "-o", f"{folder}/out"]
        taken, peak_mb, answer = _measured([*command, "--json"])
    engine_s = json.loads(answer)["files"][0]["seconds_taken"]
    speed, kind = 60 * minutes * channels / taken, "stereo" if channels == 2 else "mono"
    note = f"{taken:.1f} s, of them restoring {engine_s:.1f} s"
    row(f"command line, file to file, {minutes:g} min {kind}", speed, "x real time a channel", note)
    row(f"its peak memory, {minutes:g} min {kind}", peak_mb, "MB")


def _measured(command: list[str]) -> tuple[float, float, str]:
    """(seconds, peak resident MB, stdout) of a process of its own."""
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stdout, sep='\\n')"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    taken = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(done.stderr)
    peak, answer = done.stdout.split("\n", 1)
    return taken, float(peak) / (1e6 if sys.platform == "darwin" else 1e3), answer
