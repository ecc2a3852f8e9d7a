"""Our own separators: a voice, and what accompanies it, by nets that were trained here."""

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
from pipeline.separation.separators import (
    SEPARATORS,
    VOICE_MASKER,
    WAVE_UNET,
    fitted,
    silent_stems,
)
from pipeline.stage import Tick, no_tick, share

if TYPE_CHECKING:
    from models.card import Card

MODELS = {WAVE_UNET: ("wave_unet", "spectrogram_unet"), VOICE_MASKER: ("tcn_masker",)}
"""The kinds of net that each separator runs."""

CONTENT = "mixture"
"""Of the checkpoints of `VOICE_MASKER`; other nets of its kind remove noise."""

N_SOURCES = 2  # of a `WAVE_UNET`: accompaniment and voice, in that order
PAYLOAD_S, FADE_S = 6.0, 0.005
TRAINED_PEAKS = (0.06, 1.0)  # range of peaks in the training data
STORED_SPEED = {"cpu": 20.0, "cuda": 1000.0, "mps": 100.0}  # seconds of one channel a second
CURE = (
    "{name}: no checkpoint of it is on this machine. Train one with `python -m training run "
    "{config} --data FOLDER` and copy RUN/best to runs/checkpoints/NAME, or use a separator that "
    "needs none: harmonic_percussive or mid_side"
)
CONFIGS = {WAVE_UNET: "voice-and-music", VOICE_MASKER: "voice-over-music"}


@dataclass(frozen=True)
class VoiceSeparator:
    """A voice and its accompaniment; all channels are separated together.

    Sound of another rate is resampled to the net's; the band above half of it is in no stem. Up to
    there both stems add up to the sound.
    Source of the Wave-U-Net: Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR).

    Attributes:
        name: `WAVE_UNET`, whose net estimates both waveforms, or `VOICE_MASKER`, whose net
            estimates the gains that leave the voice.
        device: one of `pipeline.inference.DEVICES`.
        weights: folder of the checkpoint; None is the one that `checkpoint` names.
        checkpoint: name of one; the first that `checkpoints` lists where empty.
        own: folder with a user's checkpoints; none if empty.
        precision: one of `models.net.PRECISIONS`.
    """

    name: str = WAVE_UNET
    device: str = "auto"
    weights: str | None = None
    checkpoint: str = ""
    own: str = ""
    precision: str = "float32"
    names: tuple[str, ...] = SEPARATORS[WAVE_UNET]  # the same of both

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
        net = inference.load(name, device, self.precision, models=MODELS[self.name], own=own)
        rate: int = net.config.sample_rate
        x = resample(audio, rate, tick=share(tick, 0, 0.05))
        with inference.measured((self.name, device, self.precision), x.seconds * x.channels):
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
        speed = inference.speed((self.name, device, self.precision), STORED_SPEED[device])
        return frames / rate * channels / speed

    def _checkpoint(self) -> tuple[str, str]:
        """Name of the checkpoint, and the folder that it is searched in last."""
        if self.weights:
            folder = Path(self.weights).resolve()
            return folder.name, str(folder.parent)
        if self.checkpoint:
            return self.checkpoint, self.own
        usable = checkpoints(self.name)
        if not usable:
            raise ValueError(CURE.format(name=self.name, config=CONFIGS[self.name]))
        return usable[0].name, ""


def checkpoints(name: str) -> list[Card]:
    """The checkpoints that a separator can run, the shipped ones first."""
    from models.card import SHIPPED
    from models.checkpoint import available, search_path

    def is_usable(card: Card) -> bool:
        if name == VOICE_MASKER:
            return card.content == CONTENT
        return card.config.get("sources") == N_SOURCES

    cards = [card for card in available(search_path()) if card.model in MODELS[name]]
    return sorted(filter(is_usable, cards), key=lambda card: card.folder.parent != SHIPPED)


def _voice(net: inference.Net, x: Audio, tick: Tick) -> np.ndarray:
    """(C, T) the voice in a sound at the net's rate, at a level that the net was trained at.

    Raises:
        ValueError: the net's output is not finite.
    """
    loudest = peak(x)
    gain = np.float32(np.clip(loudest, *TRAINED_PEAKS) / max(loudest, 1e-9))

    def of_window(window: np.ndarray) -> np.ndarray:
        voice = _of_net(net, window * gain) / gain
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


def _of_net(net: inference.Net, x: np.ndarray) -> np.ndarray:
    """(C, T) -> (C, T): the last of the sources, or the only one."""
    if hasattr(net.config, "sources"):
        return inference.separated(net, x)[-1]
    return inference.apply(net, x)
