"""Sounds with known properties and files made of them, shared by tests."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

PATIENCE_MS = 120_000
"""How long a browser waits for what must come: a busy machine fails no test, only a fault does."""


def tone(rate: int = 48_000, channels: int = 1, seconds: float = 1.0) -> Audio:
    """Channel c holds a sine of (c + 1) * 440 Hz and amplitude 0.5."""
    time = np.arange(round(rate * seconds)) / rate
    rows = [0.5 * np.sin(2 * np.pi * 440 * (c + 1) * time) for c in range(channels)]
    return Audio(np.stack(rows), rate)


def snr_db(estimate: Audio, target: Audio) -> float:
    """Without the ends, where a codec has nothing to predict from."""
    inner = slice(2000, min(estimate.frames, target.frames) - 2000)
    error = estimate.samples[:, inner] - target.samples[:, inner]
    power = max(float(np.square(error).mean()), 1e-30)
    return float(10 * np.log10(np.square(target.samples).mean() / power))


def run_ffmpeg(*arguments: str | Path) -> None:
    command = ["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


def head(path: Path, share: float) -> Path:
    """The first part of a file, as a broken download leaves it."""
    data = path.read_bytes()
    cut = path.with_name(f"cut-{path.name}")
    cut.write_bytes(data[: int(len(data) * share)])
    return cut


@dataclasses.dataclass(frozen=True)
class Gain:
    """The smallest stage: multiplies, reports progress twice, stops or breaks where told to."""

    gain: float = knob(2.0, 0.0, 100.0)
    fails: str = knob("", choices=("", "stop", "break"))

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        tick(0.5)
        if self.fails:
            raise KeyboardInterrupt if self.fails == "stop" else RuntimeError("out\nof luck")
        tick(1.0)
        return Audio(audio.samples * np.float32(self.gain), audio.rate)


STAGES = {"gain": "tests.support.helpers:Gain"}
