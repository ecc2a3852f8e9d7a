"""The Enhance stage: a trained net adds what a recording lacks, and keeps what it has.

    input --------------------------------------- resample to the output's rate ---- + --- output
      |                                                                              |
      +- resample to the net's rate - x - net(x) - x - high-pass - gate - resample - * dry/wet

Only the net's residual above the crossover is added. So the kept band equals the input's to at
least -80 dB, and content above half the net's rate is preserved.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar

from models.checkpoint import find, search_path
from models.net import PRECISIONS
from pipeline import inference
from pipeline.analysis.bandwidth import effective_bandwidth_hz
from pipeline.audio.buffers import allocate
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import fir
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages import residual

FULL_BAND_HZ = 19_500.0  # a recording that reaches this frequency lacks nothing audible
EDGE_MARGIN = 0.04  # of the bandwidth: filters roll off before their edge; measuring has errors
STORED_SPEED = {"cpu": 50.0, "cuda": 1000.0, "mps": 300.0}  # seconds of one channel a second


@dataclass(frozen=True)
class Enhance:
    """Restores lost treble and damaged detail with a trained net.

    A recording of full bandwidth is returned unchanged unless `keep_below_hz` is set.

    Attributes:
        device: one of `pipeline.inference.DEVICES`.
    """

    MODELS: ClassVar[tuple[str, ...]] = (
        *("enhancer", "spectral_enhancer"),
        *("residual_unet", "plain_unet"),
    )
    checkpoint: str = knob("enhancer-speech-48k", label="Model", help="The trained network to run.")
    mix: float = knob(
        100.0, 0, 100, "%", "How much of the network's addition is mixed in; 0 changes nothing."
    )
    keep_below_hz: float | None = knob(
        None,
        0,
        20_000,
        "Hz",
        "The original is kept below this frequency. Automatic: the recording's measured bandwidth. "
        "0: the network redoes everything.",
        label="Keep original below",
        optional=True,
    )
    output_rate: str = knob(
        "auto",
        label="Output rate",
        choices=("auto", "input", "44100", "48000"),
        help="Sample rate of the result in Hz. Automatic: the input's if it is 44100 or more, else "
        "the network's: 48000 or 44100.",
    )
    precision: str = knob(
        "float32",
        choices=PRECISIONS,
        help="bfloat16 is about 1.3 times as fast on processors that support it, slower on others; "
        "the addition differs by at most -40 dB, that of a network of the waveform by -20 dB.",
    )
    device: str = "auto"
    own: str = ""

    def __post_init__(self) -> None:
        check_knobs(self)
        inference.check_device(self.device)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The restored sound: same channels, same duration to the sample.

        Raises:
            ValueError: no such checkpoint or device, or the net's output is not finite.
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
            change = residual.residual(net, x, keep_below_hz, share(tick, 0.04, 0.92))
        dry = x if rate == own_rate else resample(audio, rate, tick=share(tick, 0.92, 0.94))
        del x
        if rate != own_rate:
            wet = resample(Audio(change, own_rate), rate, tick=share(tick, 0.94, 0.97)).samples
            out = allocate(dry.channels, dry.frames)
        else:
            wet = out = change
        del change
        residual.mix(dry.samples, wet, self.mix / 100, out, share(tick, 0.97, 1.0))
        return Audio(out, rate)

    def kept_below_hz(self, audio: Audio) -> float | None:
        """The frequency below which the output equals `audio`; None if nothing is kept.

        Half the rate if the recording lacks nothing and is kept as a whole.
        """
        keep_below_hz = self._crossover_hz(audio)
        return audio.rate / 2 if keep_below_hz is None else keep_below_hz or None

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take, by the speed of the last run with this net.

        Before the first run by a stored, conservative speed. Does not import torch.
        """
        device = inference.pick_device(self.device) if "torch" in sys.modules else "cpu"
        return frames / rate * channels / inference.speed(self._key(device), STORED_SPEED[device])

    def _key(self, device: str) -> tuple[str, ...]:
        return self.checkpoint, device, self.precision

    def _crossover_hz(self, audio: Audio) -> float | None:
        """Where the net's part begins; 0 for the whole band, None for none of it."""
        if self.keep_below_hz is not None:
            return float(self.keep_below_hz)
        bandwidth_hz = effective_bandwidth_hz(audio)
        if bandwidth_hz >= FULL_BAND_HZ:
            return None
        return bandwidth_hz * (1 - EDGE_MARGIN) - fir.WIDTH_HZ

    def _rate(self, audio: Audio) -> int:
        if self.output_rate == "auto":
            return audio.rate if audio.rate >= 44_100 else self._own_rate()
        return audio.rate if self.output_rate == "input" else int(self.output_rate)

    def _own_rate(self) -> int:
        """The net's rate where recordings have it, else 48 kHz."""
        card = find(self.checkpoint, search_path(self.own))
        return 44_100 if card.config.get("sample_rate") == 44_100 else 48_000


def _resampled(audio: Audio, rate: int, tick: Tick) -> Audio:
    resampled = resample(audio, rate, tick=tick)
    tick(1.0)
    return resampled
