"""The Tone stage: raises or lowers the treble with a shelf of linear phase and no delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.dsp.fir import filtered
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

OCTAVES = 1.0  # width of the shelf's rise: from corner / sqrt(2) to corner * sqrt(2)
PERIODS = 6  # length of half the filter, in periods of the corner frequency
PAYLOAD = 1 << 18
STORED_SPEED = 300.0  # seconds of one channel a second


@dataclass(frozen=True)
class Tone:
    """Restores some of the brilliance that denoising removes, with a gentle treble shelf."""

    corner_hz: float = knob(
        6000.0, 500, 16_000, "Hz", "Middle of the rise, where half the tilt is reached.",
        label="Corner",
    )  # fmt: skip
    tilt_db: float = knob(
        1.0, -3, 3, "dB", "Gain of the treble; 0 changes nothing, 0.5 to 1.5 is usual.",
        label="Tilt",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The brighter (or darker) sound; the input itself at 0 dB or if it has no treble.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        if not self.tilt_db or self.corner_hz / 2 ** (OCTAVES / 2) >= audio.rate / 2:
            tick(1.0)
            return audio
        taps = shelf(self.corner_hz, self.tilt_db, audio.rate)
        samples = chunked.run(
            lambda x: x + filtered(x, taps),
            audio.samples,
            payload=PAYLOAD,
            context=len(taps) // 2,
            tick=tick,
        )
        return Audio(samples, audio.rate)

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take on one core."""
        return frames / rate * channels / STORED_SPEED


def shelf(corner_hz: float, tilt_db: float, rate: int) -> np.ndarray:
    """(N,) float32 taps, N odd, of the shelf's response minus one.

    The shelf has 0 dB in the bass and `tilt_db` in the treble; in between it rises as a raised
    cosine, in dB over the logarithm of frequency.
    """
    from scipy import fft

    reach = int(np.ceil(PERIODS * rate / corner_hz))
    n_fft = fft.next_fast_len(8 * reach)
    hz = np.fft.rfftfreq(n_fft, 1 / rate)
    octaves = np.log2(np.maximum(hz, 1) / corner_hz) / OCTAVES
    rise = 0.5 + 0.5 * np.sin(np.pi * np.clip(octaves, -0.5, 0.5))
    response = np.fft.irfft(10 ** (tilt_db * rise / 20) - 1, n_fft)
    taps = np.roll(response, reach)[: 2 * reach + 1] * np.hanning(2 * reach + 3)[1:-1]
    taps[reach] -= taps.sum()  # exactly zero at 0 Hz
    return taps.astype(np.float32)
