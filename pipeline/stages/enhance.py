"""The Enhance stage: a trained net adds what a recording lost, and leaves alone what it has.

    input --------------------------------------- resample to the output's rate ---- + --- output
      |                                                                              |
      +- resample to the net's rate - x - net(x) - x - high-pass - gate - resample - * dry/wet

What is added is the net's residual above the crossover, so that the kept band is the input's own to
-80 dB and more, and content above half the net's rate survives.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar

from models.net import PRECISIONS
from pipeline import inference
from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.buffers import allocate
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import fir
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages import residual as added

FULL_BAND_HZ = 19_500.0  # a recording that reaches this lacks nothing that can be heard
EDGE_MARGIN = 0.04  # of the bandwidth: filters roll off before their edge, and it is a measurement
STORED_SPEED = {"cpu": 50.0, "cuda": 1000.0, "mps": 300.0}  # seconds of one channel a second


@dataclass(frozen=True)
class Enhance:
    """Restores lost treble and damaged detail with a trained net.

    A recording whose bandwidth is full is returned as it is unless `keep_below_hz` is set.
    """

    MODELS: ClassVar[tuple[str, ...]] = ("enhancer", "spectral_enhancer")
    checkpoint: str = knob(
        "enhancer-speech-48k", label="Model", help="The trained network that does the work."
    )
    mix: float = knob(
        100.0, 0, 100, "%", "How much of what the network adds is mixed in; 0 changes nothing."
    )
    keep_below_hz: float | None = knob(
        None,
        0,
        20_000,
        "Hz",
        "The original is kept untouched below this frequency; automatic follows the recording's "
        "measured bandwidth, 0 lets the network redo everything.",
        label="Keep original below",
        optional=True,
    )
    output_rate: str = knob(
        "auto",
        label="Output rate",
        choices=("auto", "input", "48000"),
        help="Sample rate of the result in Hz; automatic keeps the input's from 44100 on and takes "
        "48000 otherwise.",
    )
    precision: str = knob(
        "float32",
        choices=PRECISIONS,
        help="bfloat16 is about 1.3 times as fast on processors that have it, slower on others; "
        "what is added then differs by -40 dB or less.",
    )
    device: str = "auto"
    own: str = ""

    def __post_init__(self) -> None:
        check_knobs(self)
        if self.device not in inference.DEVICES:
            raise ValueError(f"device: got {self.device!r}, expected one of {inference.DEVICES}")

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The restored sound: same channels, same duration to the sample.

        Raises:
            ValueError: unknown checkpoint or device, or the net made values that are no numbers.
            Cancelled: from `tick`.
        """
        tick(0.0)
        rate = self._rate(audio)
        keep_below_hz = self._crossover_hz(audio)
        if not self.mix or keep_below_hz is None:
            return _resampled(audio, rate, tick)
        device = inference.pick_device(self.device)
        net = inference.load(
            self.checkpoint, device, self.precision, models=self.MODELS, own=self.own
        )
        tick(0.01)
        own_rate: int = net.config.sample_rate
        if keep_below_hz + fir.WIDTH_HZ >= own_rate / 2:
            return _resampled(audio, rate, tick)
        x = resample(audio, own_rate, tick=share(tick, 0.01, 0.04))
        with inference.measured(self._key(device), x.seconds * x.channels):
            residual = added.residual(net, x, keep_below_hz, share(tick, 0.04, 0.92))
        dry = x if rate == own_rate else resample(audio, rate, tick=share(tick, 0.92, 0.94))
        del x
        if rate != own_rate:
            wet = resample(Audio(residual, own_rate), rate, tick=share(tick, 0.94, 0.97)).samples
            residual = allocate(dry.channels, dry.frames)
        else:
            wet = residual
        added.mix(dry.samples, wet, self.mix / 100, residual, share(tick, 0.97, 1.0))
        return Audio(residual, rate)

    def kept_below_hz(self, audio: Audio) -> float | None:
        """Below this frequency the output is `audio` itself; None where nothing is kept.

        Half the rate where the whole recording is kept because it lacks nothing.
        """
        keep_below_hz = self._crossover_hz(audio)
        return audio.rate / 2 if keep_below_hz is None else keep_below_hz or None

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds the work will take, by the last run's speed with this net.

        Before the first run by a stored, careful one; torch is not imported for it.
        """
        device = inference.pick_device(self.device) if "torch" in sys.modules else "cpu"
        return frames / rate * channels / inference.speed(self._key(device), STORED_SPEED[device])

    def _key(self, device: str) -> tuple[str, ...]:
        return self.checkpoint, device, self.precision

    def _crossover_hz(self, audio: Audio) -> float | None:
        """Where the net's part begins; 0 for everywhere, None for nowhere."""
        if self.keep_below_hz is not None:
            return float(self.keep_below_hz)
        bandwidth_hz = effective_bandwidth_hz(audio)
        if bandwidth_hz >= FULL_BAND_HZ:
            return None
        return bandwidth_hz * (1 - EDGE_MARGIN) - fir.WIDTH_HZ

    def _rate(self, audio: Audio) -> int:
        if self.output_rate == "auto":
            return audio.rate if audio.rate >= 44_100 else 48_000
        return audio.rate if self.output_rate == "input" else int(self.output_rate)


def _resampled(audio: Audio, rate: int, tick: Tick) -> Audio:
    made = resample(audio, rate, tick=tick)
    tick(1.0)
    return made
