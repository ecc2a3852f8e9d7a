"""A stage of the tests."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from pipeline.audio.sound import Audio
from pipeline.knobs import knob
from pipeline.stage import Tick, no_tick

END = threading.Event()
"""Set, it ends every wait: the page runs in the process of its tests."""


@dataclass(frozen=True)
class Slow:
    """A stage that only takes time: it joins the page by being in STAGES."""

    seconds: float = knob(0.0, 0.0, 600.0, "s", "How long it takes.")

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        end = time.monotonic() + self.seconds
        while (left := end - time.monotonic()) > 0 and not END.is_set():
            tick(1 - left / self.seconds)
            time.sleep(0.01)
        return audio

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """What it takes, whatever the sound."""
        return self.seconds
