"""The Tone stage: a little more, or less, above a corner frequency; linear phase, no delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.dsp.fir import filtered
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

OCTAVES = 1.0  # the shelf's rise, from its corner / sqrt(2) to its corner * sqrt(2)
PERIODS = 6  # of the corner frequency that the filter lasts
PAYLOAD = 1 << 18
STORED_SPEED = 300.0  # seconds of one channel a second


@dataclass(frozen=True)
class Tone:
    """A gentle shelf that gives back the brilliance which denoising took."""

    corner_hz: float = knob(
        6000.0, 500, 16_000, "Hz", "The middle of the rise: half the tilt is reached here.",
        label="Corner",
    )  # fmt: skip
    tilt_db: float = knob(
        1.0, -3, 3, "dB", "How much louder the treble becomes; 0 changes nothing, 0.5 to 1.5 is "
        "usual.", label="Tilt",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The brighter (or darker) sound; the input itself at 0 dB or with no treble to change.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        if not self.tilt_db or self.corner_hz / 2 ** (OCTAVES / 2) >= audio.rate / 2:
            tick(1.0)
            return audio
        taps = shelf(self.corner_hz, self.tilt_db, audio.rate)
        made = chunked.run(
            lambda x: x + filtered(x, taps),
            audio.samples,
            payload=PAYLOAD,
            context=len(taps) // 2,
            tick=tick,
        )
        return Audio(made, audio.rate)

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds the work will take on one core."""
        return frames / rate * channels / STORED_SPEED


def shelf(corner_hz: float, tilt_db: float, rate: int) -> np.ndarray:
    """(N,) float32 taps, N odd, of what a shelf adds: nothing low, `tilt_db` of gain high.

    In decibels the shelf rises by a raised cosine over an octave around its corner.
    """
    from scipy import fft

    reach = int(np.ceil(PERIODS * rate / corner_hz))
    n_fft = fft.next_fast_len(8 * reach)
    hz = np.fft.rfftfreq(n_fft, 1 / rate)
    octaves = np.log2(np.maximum(hz, 1) / corner_hz) / OCTAVES
    rise = 0.5 + 0.5 * np.sin(np.pi * np.clip(octaves, -0.5, 0.5))
    response = np.fft.irfft(10 ** (tilt_db * rise / 20) - 1, n_fft)
    taps = np.roll(response, reach)[: 2 * reach + 1] * np.hanning(2 * reach + 3)[1:-1]
    taps[reach] -= taps.sum()  # exactly nothing at 0 Hz
    return taps.astype(np.float32)
