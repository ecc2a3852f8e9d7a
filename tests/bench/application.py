"""The command line from file to file: speed and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile as sf

from tests.bench.timing import RATE, Row, speech

MINUTES = (1.0, 10.0)  # of the files


def measure(row: Row) -> None:
    """Prints speed and peak memory of a short and a long file."""
    for minutes in MINUTES:
        file_to_file(row, minutes)


def file_to_file(row: Row, minutes: float) -> None:
    """The command line on a mono file: speed, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.wav"
        with sf.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
            for second in range(0, round(60 * minutes), 60):
                file.write(speech(60, second))
        command = [sys.executable, "-m", "pipeline", "restore", str(path), "-o", f"{folder}/out"]
        taken, peak_mb, answer = _measured([*command, "--json"])
    engine_s = json.loads(answer)["files"][0]["seconds_taken"]
    speed = 60 * minutes / taken
    row(f"file to file, {minutes:g} min", speed, "x real time", f"engine {engine_s:.1f} s")
    row(f"peak memory, {minutes:g} min", peak_mb, "MB")


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
