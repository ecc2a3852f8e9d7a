"""Our own separator: a voice, and what accompanies it, by a net that was trained here."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline import inference
from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio, peak
from pipeline.dsp import chunked
from pipeline.separation.separators import SEPARATORS, WAVE_UNET, fitted, silent_stems
from pipeline.stage import Tick, no_tick, share

if TYPE_CHECKING:
    from models.card import Card

MODELS = ("wave_unet", "spectrogram_unet")
N_SOURCES = 2  # accompaniment and voice, in that order
PAYLOAD_S, FADE_S = 6.0, 0.005
TRAINED_PEAKS = (0.06, 1.0)  # range of peaks in the training data
STORED_SPEED = {"cpu": 20.0, "cuda": 1000.0, "mps": 100.0}  # seconds of one channel a second
CURE = (
    f"{WAVE_UNET}: no checkpoint of it is on this machine. Train one with `python -m training run "
    "voice-and-music --data FOLDER` and copy RUN/best to runs/checkpoints/NAME, or use a separator "
    "that needs none: harmonic_percussive or mid_side"
)


@dataclass(frozen=True)
class WaveUnet:
    """A voice and its accompaniment, by a Wave-U-Net; all channels are separated together.

    Sound of another rate is resampled to the net's; the band above half of it is in no stem. Up to
    there both stems add up to the sound.
    Source: Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR).

    Attributes:
        device: one of `pipeline.inference.DEVICES`.
        weights: folder of the checkpoint; None is the one that `checkpoint` names.
        checkpoint: name of one; the first that `checkpoints` lists where empty.
        own: folder with a user's checkpoints; none if empty.
        precision: one of `models.net.PRECISIONS`.
    """

    device: str = "auto"
    weights: str | None = None
    checkpoint: str = ""
    own: str = ""
    precision: str = "float32"
    names: tuple[str, ...] = SEPARATORS[WAVE_UNET]

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        """The stems by name.

        Raises:
            ValueError: there is no such checkpoint or device, or its output is not finite.
            Cancelled: from `tick`.
        """
        tick(0.0)
        if not peak(audio):
            tick(1.0)
            return silent_stems(audio, self.names)
        device = inference.pick_device(self.device)
        name, own = self._checkpoint()
        net = inference.load(name, device, self.precision, models=MODELS, own=own)
        rate: int = net.config.sample_rate
        x = resample(audio, rate, tick=share(tick, 0, 0.05))
        with inference.measured((WAVE_UNET, device, self.precision), x.seconds * x.channels):
            sound = _voice(net, x, share(tick, 0.05, 0.95))
        voice = fitted(resample(Audio(sound, rate), audio.rate), audio.frames)
        whole = audio if audio.rate <= rate else fitted(resample(x, audio.rate), audio.frames)
        rest = allocate(audio.channels, audio.frames)
        for start, stop in blocks(whole.samples, voice.samples, rest):
            rest[:, start:stop] = whole.samples[:, start:stop] - voice.samples[:, start:stop]
        tick(1.0)
        return dict(zip(self.names, (voice, Audio(rest, audio.rate)), strict=True))

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that separating will take, by the speed of the last run."""
        device = inference.pick_device(self.device) if "torch" in sys.modules else "cpu"
        speed = inference.speed((WAVE_UNET, device, self.precision), STORED_SPEED[device])
        return frames / rate * channels / speed

    def _checkpoint(self) -> tuple[str, str]:
        """Name of the checkpoint, and the folder that it is searched in last."""
        if self.weights:
            folder = Path(self.weights).resolve()
            return folder.name, str(folder.parent)
        if self.checkpoint:
            return self.checkpoint, self.own
        found = checkpoints()
        if not found:
            raise ValueError(CURE)
        return found[0].name, ""


def checkpoints() -> list[Card]:
    """The checkpoints that can do it, the shipped ones first."""
    from models.card import SHIPPED
    from models.checkpoint import available, search_path

    cards = [card for card in available(search_path()) if card.model in MODELS]
    able = [card for card in cards if card.config.get("sources") == N_SOURCES]
    return sorted(able, key=lambda card: card.folder.parent != SHIPPED)


def _voice(net: inference.Net, x: Audio, tick: Tick) -> np.ndarray:
    """(C, T) the last source of a sound at the net's rate, at a level that the net was trained at.

    Raises:
        ValueError: the net's output is not finite.
    """
    loudest = peak(x)
    gain = np.float32(np.clip(loudest, *TRAINED_PEAKS) / max(loudest, 1e-9))

    def of_window(window: np.ndarray) -> np.ndarray:
        voice = inference.separated(net, window * gain)[-1] / gain
        return voice if window.any() else np.zeros_like(window)

    return chunked.run(
        of_window,
        x.samples,
        payload=round(PAYLOAD_S * x.rate),
        context=net.receptive_field,
        grid=net.stride,
        fade=round(FADE_S * x.rate),
        tick=tick,
    )
