"""The stages that denoise with a trained net: a TCN masker, a masking U-Net and a WaveNet.

    input -------------------------------------------------------- + --- output
      |                                                            |
      +- resample to the net's rate - x - net(x) - x - resample - * dry/wet

Only the net's change is added to the input, so resampling to the net's rate and back loses nothing.
The band above half the net's rate follows the highest band that the net sees (see `high_band`).
"""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from models.net import PRECISIONS
from pipeline import inference
from pipeline.audio.buffers import allocate
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages import high_band, residual

OVERLAP = 0.1  # share of a window that the next one repeats


@dataclass(frozen=True)
class Cleaner(ABC):
    """Common part of the stages below: runs a net over the sound and mixes its change in.

    Attributes:
        device: one of `pipeline.inference.DEVICES`.
        own: folder with the user's own checkpoints; none if empty.
        STORED_SPEED: seconds of one channel a second, before the first run, by device.
    """

    MODELS: ClassVar[tuple[str, ...]] = ()
    STORED_SPEED: ClassVar[dict[str, float]] = {"cpu": 12.0, "cuda": 500.0, "mps": 100.0}
    checkpoint: str = knob("", label="Model", help="The trained network to run.")
    precision: str = knob(
        "float32",
        choices=PRECISIONS,
        help="bfloat16 is faster on processors that support it, slower on others.",
    )
    device: str = "auto"
    own: str = ""

    def __post_init__(self) -> None:
        check_knobs(self)
        inference.check_device(self.device)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The cleaned sound: same rate, channels and length.

        Raises:
            ValueError: no such checkpoint or device, or the net's output is not finite.
            Cancelled: from `tick`.
        """
        tick(0.0)
        wet_share = self.wet_share()
        if not wet_share:
            tick(1.0)
            return audio
        device = inference.pick_device(self.device)
        net = inference.load(
            self.checkpoint, device, self.precision, models=self.MODELS, own=self.own
        )
        own_rate: int = net.config.sample_rate
        x = resample(audio, own_rate, tick=share(tick, 0.01, 0.05))
        with inference.measured(self._key(device), x.seconds * x.channels):
            change = residual.residual(net, x, 0.0, share(tick, 0.05, 0.92), OVERLAP)
        out = allocate(audio.channels, audio.frames)
        wet = resample(Audio(change, own_rate), audio.rate).samples
        residual.mix(audio.samples, wet, wet_share, out, share(tick, 0.92, 0.97))
        if audio.rate > own_rate:
            low = resample(x, audio.rate).samples
            high_band.turn_down(audio, low, high_band.gains(x, change), wet_share, out)
        tick(1.0)
        return Audio(out, audio.rate)

    @abstractmethod
    def wet_share(self) -> float:
        """The share of the net's change that is added to the input, in [0, 1]."""

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take, by the speed of the last run with this net."""
        device = inference.pick_device(self.device) if "torch" in sys.modules else "cpu"
        return (
            frames / rate * channels / inference.speed(self._key(device), self.STORED_SPEED[device])
        )

    def _key(self, device: str) -> tuple[str, ...]:
        return self.checkpoint, device, self.precision


def adopt(path: Path, folder: Path, size: str = "", name: str = "", model: str = "wavenet") -> str:
    """Makes a checkpoint of weights that a user brings (weights only, never code).

    Args:
        path: a .safetensors, .pt or .pth file; a config in it overrides `size`.
        folder: of checkpoints, made when missing; stages find it as their `own`.
        size: a named size of such nets; "" is the default config.
        name: of the checkpoint, "my-" and the file's name when empty.
        model: a key of `models.registry.NETS`.

    Returns:
        the checkpoint's name.

    Raises:
        ValueError: the file holds no weights that can be read safely, or those of another net.
    """
    from models import checkpoint
    from models.user_weights.net import read_net

    net = read_net(path, model, size)
    stem = re.sub(r"[^a-z0-9]+", "-", path.stem.lower())[:60].strip("-")
    name = name or f"my-{stem or model}"
    title = f"Own weights: {path.name}"
    checkpoint.save_checkpoint(net, folder / name, title=title, licence="not stated")
    return name


@dataclass(frozen=True)
class DenoiseSpeech(Cleaner):
    """Removes noise, and with its second model the tail of a room, from speech with a trained net.

    The net estimates gains. Nothing is added, and no phase is changed.
    Source: Valin 2018 (arXiv 1709.08243), for the gains; see `models.denoisers.tcn_masker`.
    """

    MODELS: ClassVar[tuple[str, ...]] = ("tcn_masker",)
    STORED_SPEED: ClassVar[dict[str, float]] = {"cpu": 60.0, "cuda": 2000.0, "mps": 400.0}
    checkpoint: str = knob("denoiser-speech-48k", label="Model", help="The trained network to run.")
    limit_db: float = knob(
        30.0, 0, 60, "dB", "Nothing is turned down by more than this; 0 changes nothing.",
        label="Strength",
    )  # fmt: skip

    def wet_share(self) -> float:
        """So that a gain of 0 becomes one of -`limit_db`."""
        return 1 - 10 ** (-self.limit_db / 20)


@dataclass(frozen=True)
class _Mixed(Cleaner):
    """A cleaner whose change is mixed in by a percentage."""

    mix: float = knob(
        100.0, 0, 100, "%", "How much of the network's change is mixed in; 0 changes nothing."
    )

    def wet_share(self) -> float:
        return self.mix / 100


@dataclass(frozen=True)
class MaskUnet(_Mixed):
    """Removes noise and haze from the spectrum with a learned mask; adds nothing.

    It is the conservative choice: it smooths the treble and keeps the stereo image.
    Source: Ensoli and Massignan 2025, section 3.
    """

    MODELS: ClassVar[tuple[str, ...]] = ("mask_unet",)
    checkpoint: str = knob("mask-unet-32k", label="Model", help="The trained network to run.")


@dataclass(frozen=True)
class WaveNet(_Mixed):
    """Subtracts the noise that a dilated convolutional net estimates in the waveform.

    Attacks stay sharp. Each channel is processed on its own.
    Source: Rethage et al. 2018 (arXiv 1706.07162); Ensoli and Massignan 2025, section 3.
    """

    MODELS: ClassVar[tuple[str, ...]] = ("wavenet",)
    checkpoint: str = knob("wavenet-denoiser", label="Model", help="The trained network to run.")
