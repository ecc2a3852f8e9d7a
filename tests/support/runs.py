"""A stand-in for a training process: it does all that a run does but learn, and starts at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

PYTHON = sys.executable  # which the stand-in takes the place of

TINY = {
    "model": "spectral_enhancer",
    "config": {"widths": [16, 16], "depths": [1, 1], "n_skips": 1, "dropout": 0.1},
    "seconds": 0.2,
    "batch": 2,
    "steps": 100_000,
    "losses": {"waveform": 1.0},
    "validation_share": 0.3,
    "validate_every": 100_000,
    "save_every": 0.0,
    "precision": "no",
}

LIVE = """
import sys, time
sys.path.insert(0, {checkout!r})
from pathlib import Path
from training.runs import lock
from training.runs.run_folder import RunFolder
held = lock.inherit()
folder = RunFolder(Path(sys.argv[sys.argv.index("--run") + 1]))
with folder.heart:
    time.sleep({starts_s})
    for step in range(1, 20_000):
        folder.heart.beat(step)
        time.sleep(0.02)
        if {listens} and folder.heart.stop_requested():
            break
    time.sleep({saves_s})
    folder.event("end", step=step, reason="stopped")
"""


def wait_for(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "too slow"
        time.sleep(0.02)
