"""Examples for nets that clean: music and speech with the damage of generators and rooms.

Source: Ensoli and Massignan 2025, section 3: resampling, clipping, echoes, coarse steps, noise of
the surroundings at -5 to 20 dB SNR, a little dither.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.degradation.additions import gain_for
from pipeline.degradation.effects import noise_floor
from training.config import TrainingConfig
from training.data.clips import NOISES, Clip
from training.data.examples import DrawnExamples, crop, draw_chances, vary
from training.data.room_noise import KNOTS_HZ, synthetic_floor
from training.tasks import TASKS

SNR_DB = (-5.0, 20.0)
SYNTHETIC_SHARE = 0.4  # of the noises
QUIETEST_DB, DITHER_DB = -96.0, -90.0


class NoisyExamples(DrawnExamples):
    """Endless damaged and clean examples; item i depends on the seed and on i only.

    Args:
        clips: recordings to draw from; those of kind "noise" are added as noise.
        config: seconds, kinds and seed.
        sample_rate: Hz.
        count: length of the dataset.
        channels: 1, or 2 for sounds panned between two channels.
    """

    def __init__(
        self,
        clips: list[Clip],
        config: TrainingConfig,
        sample_rate: int,
        count: int,
        channels: int = 1,
    ) -> None:
        self.noises = [clip for clip in clips if clip.kind == NOISES]
        self.clips = [clip for clip in clips if clip.kind != NOISES]
        self.config, self.rate, self.count, self.channels = config, sample_rate, count, channels
        self.length = round(config.seconds * sample_rate)
        self.chance = draw_chances(self.clips, config, sample_rate)
        self.draw_damage = TASKS[config.damage].damage

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """degraded and clean (C, T), trust_hz (1,)."""
        rng = np.random.default_rng([self.config.seed, index])
        clean = self._clean(rng)
        level_db = rng.uniform(-26, 0)
        clean *= 10 ** (level_db / 20)
        damaged = self.draw_damage(rng, self.config)(Audio(clean, self.rate)).samples
        degraded = damaged + self._noise(rng, clean) if rng.random() < 0.95 else damaged
        degraded = degraded + dither(rng, clean.shape)
        return {
            "degraded": torch.from_numpy(degraded.astype(np.float32)),
            "clean": torch.from_numpy(clean),
            "trust_hz": torch.tensor([self.rate / 2], dtype=torch.float32),
        }

    def _clean(self, rng: Generator) -> np.ndarray:
        """(C, T): one to three recordings, each panned."""
        sound = np.zeros((self.channels, self.length), np.float32)
        for _ in range(int(rng.choice((1, 2, 3), p=(0.65, 0.25, 0.1)))):
            clip = self.draw(self.clips, self.chance, rng)
            voice, _ = vary(clip, self.length, self.rate, rng)
            sound += voice * _pan(rng, self.channels) * 10 ** (rng.uniform(-12, 0) / 20)
        return sound

    def _noise(self, rng: Generator, clean: np.ndarray) -> np.ndarray:
        """(C, T) at an SNR drawn from `SNR_DB`; for two channels one panned noise, or two."""
        noise = np.zeros_like(clean)
        if self.channels == 2 and rng.random() < 0.5:
            noise += self._one_noise(rng) * _pan(rng, 2)
        else:
            for channel in noise:
                channel += self._one_noise(rng)
        return noise * gain_for(clean, noise, rng.uniform(*SNR_DB))

    def _one_noise(self, rng: Generator) -> np.ndarray:
        """(T,) of a recording, or synthetic: coloured and steady."""
        if not self.noises or rng.random() < SYNTHETIC_SHARE:
            shape_db = synthetic_floor(rng)
            return noise_floor(rng, (1, self.length), self.rate, KNOTS_HZ, shape_db)[0]
        return recorded_noise(self.noises[rng.integers(len(self.noises))], self.length, rng)


def recorded_noise(clip: Clip, length: int, rng: Generator) -> np.ndarray:
    """(T,) of a noise recording, scaled to a peak of one, repeated where it is too short."""
    piece = crop(clip, length, rng)
    piece = np.tile(piece, -(-length // len(piece)))[:length]
    return piece / max(float(np.abs(piece).max()), 1e-6)


def dither(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """White noise between `QUIETEST_DB` and `DITHER_DB`, as no recording is silent to the bit."""
    level = 10 ** (rng.uniform(QUIETEST_DB, DITHER_DB) / 20)
    return (level * rng.standard_normal(shape)).astype(np.float32)


def _pan(rng: Generator, channels: int) -> np.ndarray:
    """(C, 1) gains: centred, or between left and right at equal power."""
    if channels == 1 or rng.random() < 0.4:
        return np.ones((channels, 1), np.float32)
    angle = rng.uniform(0, np.pi / 2)
    return (np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]])).astype(np.float32)
