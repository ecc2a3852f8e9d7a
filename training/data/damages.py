"""The damage of each training task: a function that draws one damage for one example.

Every function takes the example's generator and the training config, and returns what damages a
sound. `training.tasks` lists them.
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import Telephone
from pipeline.degradation.random_chain import (
    MUSIC_RATES,
    generated_damage,
    neural_damage,
    random_damage,
)
from training.config import TrainingConfig

Damage = Callable[[Audio], Audio]


def band_limits(rng: Generator, config: TrainingConfig) -> Damage:
    """A band limit or a lossy codec; the share `coded` goes through our neural codec instead."""
    return _coded(rng, config.coded) or random_damage(rng)


def music_band_limits(rng: Generator, config: TrainingConfig) -> Damage:
    """`band_limits` at the sample rates that music is cut to."""
    return _coded(rng, config.coded) or random_damage(rng, MUSIC_RATES)


def neural_codec(rng: Generator, config: TrainingConfig) -> Damage:
    """Our neural codec at 1.5 to 6 kbit/s."""
    rng.random()  # the draw of `_coded`: examples stay those of earlier runs
    return neural_damage(rng)


def generated(rng: Generator, config: TrainingConfig) -> Damage:
    """The damage of generated music, without the noise around it."""
    return generated_damage(rng)


def telephone(rng: Generator, config: TrainingConfig) -> Damage:
    """A telephone line, the same every time."""
    return Telephone()


def none(rng: Generator, config: TrainingConfig) -> Damage:
    """No damage."""
    return lambda audio: audio


def _coded(rng: Generator, share: float) -> Damage | None:
    """Our neural codec for a share of the examples, else None."""
    return neural_damage(rng) if share > 0 and rng.random() < share else None
