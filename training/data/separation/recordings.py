"""Recordings with all their channels, from which the sources of a mixture are drawn."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.random import Generator

from training.config import TrainingConfig
from training.data.backgrounds import group_chances
from training.data.clips import Clip
from training.data.examples import random_start

SPEED = (0.85, 1.2)
CHANGED = 0.5  # share of the pieces whose speed is changed


class Recordings:
    """Recordings of some kinds, each group with a chance by the root of its length.

    Args:
        clips: one for each channel.
        kinds: the manifest's kinds.
        config: with the share of each kind.

    Raises:
        ValueError: there is no recording of these kinds.
    """

    def __init__(self, clips: list[Clip], kinds: tuple[str, ...], config: TrainingConfig) -> None:
        channels: dict[object, list[Clip]] = {}
        for clip in clips:
            if clip.kind in kinds:
                channels.setdefault(clip.path, []).append(clip)
        if not channels:
            raise ValueError(f"data: got no recording of kind {' or '.join(kinds)}")
        self.recordings = list(channels.values())
        self.chances = group_chances([one[0] for one in self.recordings], config)

    def draw(self, length: int, rate: int, rng: Generator) -> np.ndarray:
        """(C, T) a random piece, some faster or slower, where the recording peaks at one half."""
        clips = self.recordings[rng.choice(len(self.recordings), p=self.chances)]
        speed = float(rng.uniform(*SPEED)) if rng.random() < CHANGED else 1.0
        size = int(length * speed) + 64
        start = random_start(clips[0], size, rng)
        pieces = np.zeros((len(clips), length), np.float32)
        for target, clip in zip(pieces, clips, strict=True):
            piece = clip.piece(start, size)
            if speed != 1.0:
                piece = soxr.resample(piece, rate * speed, rate, "LQ")
            target[: min(len(piece), length)] = piece[:length]
        return pieces * np.float32(0.5 / max(1e-4, *(clip.peak for clip in clips)))
