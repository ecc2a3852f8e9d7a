"""What a trained denoiser takes out of excerpts: noise behind a voice, steady or not."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models import checkpoint
from pipeline.audio.sound import Audio
from pipeline.diagnosis.classes import class_chances
from pipeline.diagnosis.recording import Recording
from pipeline.stages.cleaners import DenoiseSpeech

EXCERPTS = 3
FRAME_S, MOST_DB = 0.02, 80.0
LEAST_DB = -3.0  # a voice weaker than that in its noise is not told from chance
VOICE, MUSIC = 0.5, 0.6  # chances: what is left is speech, what is taken out is music
MUSICAL = 0.3  # chance that the whole is music, from which a voice in it is part of that


class Removed(NamedTuple):
    """What a denoiser takes out, and what it leaves.

    Attributes:
        voice_db: energy of what it leaves over that of what it takes out, at most MOST_DB.
        median_db: level of what it takes out half of the time, over its mean level.
        sound: chances of each class for the sound itself.
        voice: the same for what it leaves.
        noise: the same for what it takes out.
    """

    voice_db: float
    median_db: float
    sound: dict[str, float]
    voice: dict[str, float]
    noise: dict[str, float]

    @property
    def is_music(self) -> bool:
        """Whether it takes out music, which is no noise."""
        return self.noise["music"] >= MUSIC

    @property
    def is_voice_in_noise(self) -> bool:
        """Whether it finds speech in something that is not music."""
        is_voice = self.voice_db >= LEAST_DB and self.voice["speech"] >= VOICE
        return is_voice and self.sound["music"] < MUSICAL and not self.is_music


def removed_noise(recording: Recording) -> Removed | None:
    """What the denoiser takes out of some excerpts; None without a denoiser."""
    denoiser = speech_denoiser()
    if denoiser is None:
        return None
    rate, step = recording.audio.rate, -(-len(recording.excerpts) // EXCERPTS)
    sounds = [excerpt.samples[recording.loudest] for excerpt in recording.excerpts[::step]]
    voices = [denoiser(Audio(sound[None], rate)).samples[0] for sound in sounds]
    noises = [sound - voice for sound, voice in zip(sounds, voices, strict=True)]
    frames = np.concatenate([_energies(noise, rate) for noise in noises]) + 1e-30
    voice = sum(float(np.square(one, dtype=np.float64).sum()) for one in voices)
    ratio_db = 10 * np.log10(max(voice, 1e-30) / frames.sum())
    return Removed(
        float(np.clip(ratio_db, -MOST_DB, MOST_DB)),
        float(10 * np.log10(np.median(frames) / frames.mean())),
        class_chances(sounds, rate),
        class_chances(voices, rate),
        class_chances(noises, rate),
    )


def speech_denoiser() -> DenoiseSpeech | None:
    """The stage that denoises speech, with its shipped checkpoint; None where there is none."""
    stage = DenoiseSpeech()
    shipped = {card.name for card in checkpoint.available([checkpoint.SHIPPED])}
    return stage if stage.checkpoint in shipped else None


def _energies(x: np.ndarray, rate: int) -> np.ndarray:
    """(N,) energy of each FRAME_S of (T,)."""
    size = max(1, min(round(FRAME_S * rate), len(x)))
    frames = x[: len(x) // size * size].reshape(-1, size)
    return np.square(frames, dtype=np.float64).sum(axis=1)
