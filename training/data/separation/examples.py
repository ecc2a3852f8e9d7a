"""Examples for separators: voices over music, mixed anew for every example.

The sources add up to the mixture exactly, as they do in a separator with a difference output.
Source: Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR), section 4.1, where the sources of one
song are mixed; the recordings here have nothing to do with each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch.utils.data import Dataset

from training.config import TrainingConfig
from training.data.backgrounds import Backgrounds, gain, tilted
from training.data.clips import INSTRUMENTS, VOICES, Clip
from training.data.noisy_examples import dither, gain_for
from training.data.separation.recordings import Recordings

KINDS: dict[int, tuple[tuple[str, ...], ...]] = {  # of the sources, by their number
    2: (INSTRUMENTS, VOICES),
    4: (("stem_bass",), ("stem_drums",), ("stem_other",), VOICES),
}
VOICE_DB = (0.0, 5.0)  # mean and deviation of the voice's level over that of all else
FAINT, FAINT_DB = 0.08, 30.0  # share of mixtures in which voice or all else is that much quieter
PIECES = (0.75, 0.2, 0.05)  # chance of one, two and three recordings in a source of instruments
PIECE_DB, PEAK_DB = (-10.0, 0.0), (-25.0, 0.0)  # of a recording there, and of the mixture
REVERBERANT, MONO = 0.25, 0.3  # share of the voices in a room, and of the mixtures
CENTRED, PAN = 0.6, (0.2, 0.8)  # share of the voices; the others lie between 0, left, and 1, right


class SeparationExamples(Dataset):
    """Endless mixtures and their sources; item i depends on the seed and on i only.

    A net with context gets more of the mixture than it estimates of the sources.

    Args:
        clips: recordings of voices and of instruments.
        config: seconds (of the sources), kinds, seed, and the config of the net.
        sample_rate: Hz.
        count: length of the dataset.
        channels: ignored; the net's config says how many.

    Raises:
        ValueError: no recordings for a source, or another number of sources.
    """

    def __init__(
        self,
        clips: list[Clip],
        config: TrainingConfig,
        sample_rate: int,
        count: int,
        channels: int = 1,
    ) -> None:
        net = config.net_config()
        if net.get("sources") not in KINDS:
            known = " or ".join(map(str, KINDS))
            raise ValueError(f"sources: got {net.get('sources', 1)}, expected {known}")
        self.config, self.rate, self.count = config, sample_rate, count
        self.channels: int = net.get("channels", 1)
        self.length, self.cut = _sizes(net, round(config.seconds * sample_rate))
        self.sources = [Recordings(clips, kinds, config) for kinds in KINDS[net["sources"]]]
        self.rooms = Backgrounds([], sample_rate)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """degraded (C, T), clean (K, C, T or its middle), trust_hz (1,)."""
        rng = np.random.default_rng([self.config.seed, index])
        others = [self._instruments(source, rng) for source in self.sources[:-1]]
        voice_db = rng.normal(*VOICE_DB)
        if rng.random() < FAINT:
            voice_db = rng.choice((-1, 1)) * FAINT_DB
        voice, total = self._voice(rng), np.sum(others, axis=0)
        clean = np.stack((*others, voice * gain_for(total, voice, -voice_db)))
        if rng.random() < MONO:
            clean[:] = clean.mean(1, keepdims=True)
        peak = max(float(np.abs(clean.sum(0)).max()), 1e-5)
        clean *= gain(rng.uniform(*PEAK_DB)) / peak
        clean[0] += dither(rng, clean[0].shape)
        return {
            "degraded": torch.from_numpy(clean.sum(0)),
            "clean": torch.from_numpy(clean[..., self.cut : self.length - self.cut].copy()),
            "trust_hz": torch.tensor([self.rate / 2], dtype=torch.float32),
        }

    def _instruments(self, source: Recordings, rng: Generator) -> np.ndarray:
        """(C, T) of one to three recordings."""
        total = np.zeros((self.channels, self.length), np.float32)
        for _ in range(1 + int(rng.choice(len(PIECES), p=PIECES))):
            piece = source.draw(self.length, self.rate, rng)
            piece = piece[rng.permutation(len(piece))[: self.channels]]
            total += piece * (rng.choice((-1, 1)) * gain(rng.uniform(*PIECE_DB)))
        return total

    def _voice(self, rng: Generator) -> np.ndarray:
        """(C, T) of one voice, some in a room, panned with equal power."""
        voice = self.sources[-1].draw(self.length, self.rate, rng)[0]
        voice = tilted(voice * rng.choice((-1, 1)), self.rate, rng, 2.0)
        if rng.random() < REVERBERANT:
            voice = self.rooms.reverberant(voice, rng)[0]
        side = 0.5 if rng.random() < CENTRED else rng.uniform(*PAN)
        gains = np.array([[np.cos(side * np.pi / 2)], [np.sin(side * np.pi / 2)]], np.float32)
        return voice * (gains if self.channels == 2 else np.ones((1, 1), np.float32))


def _sizes(net: dict[str, Any], length: int) -> tuple[int, int]:
    """Samples of a mixture, and by how many its sources are shorter on either side."""
    if not net.get("context"):
        return length, 0
    from models.separation.wave_unet import WaveUnetConfig

    config = WaveUnetConfig(**net)
    bottleneck = config.bottleneck(length)
    size = config.input_size(bottleneck)
    return size, (size - config.output_size(bottleneck)) // 2
