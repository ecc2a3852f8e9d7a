"""The damage of each training task: a function that draws one damage for one example.

Every function takes the example's generator and the training config, and returns what damages a
sound. `training.tasks` lists them.
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.degradation.downsampling import HalfRate, LowRate
from pipeline.degradation.effects import BandLimit, Telephone
from pipeline.degradation.random_chain import (
    MUSIC_RATES,
    generated_damage,
    lossy_damage,
    neural_damage,
    random_damage,
    speech_codec_damage,
)
from training.config import TrainingConfig

LOSSY = 0.75  # share of the examples of `lossy_music`
Damage = Callable[[Audio], Audio]


def band_limits(rng: Generator, config: TrainingConfig) -> Damage:
    """A band limit or a lossy codec; the share `coded` goes through our neural codec instead."""
    return _coded(rng, config.coded) or random_damage(rng)


def music_band_limits(rng: Generator, config: TrainingConfig) -> Damage:
    """`band_limits` at the sample rates that music is cut to."""
    return _coded(rng, config.coded) or random_damage(rng, MUSIC_RATES)


def lossy_music(rng: Generator, config: TrainingConfig) -> Damage:
    """MP3, AAC, Vorbis or Opus for three quarters of the examples, else `music_band_limits`."""
    return lossy_damage(rng) if rng.random() < LOSSY else random_damage(rng, MUSIC_RATES)


def neural_codec(rng: Generator, config: TrainingConfig) -> Damage:
    """Our neural codec at 1.5 to 6 kbit/s."""
    rng.random()  # the draw of `_coded`: examples stay those of earlier runs
    return neural_damage(rng)


def speech_codecs(rng: Generator, config: TrainingConfig) -> Damage:
    """A codec of speech at a low bit rate, of many kinds."""
    return speech_codec_damage(rng)


def generated(rng: Generator, config: TrainingConfig) -> Damage:
    """The damage of generated music, without the noise around it."""
    return generated_damage(rng)


def telephone(rng: Generator, config: TrainingConfig) -> Damage:
    """A telephone line, the same every time."""
    return Telephone()


def half_rate(rng: Generator, config: TrainingConfig) -> Damage:
    """Half the sample rate and back: by Kaiser's fast filter, or half of them by others if varied.

    Files that come at half the rate are resampled by another filter than the thesis had.
    """
    if config.varied and rng.random() < 0.5:
        return lambda audio: BandLimit(audio.rate / 4, "resample", int(rng.integers(4, 16)))(audio)
    return HalfRate()


def low_rate(rng: Generator, config: TrainingConfig) -> Damage:
    """16 kHz and back, half of them with a low-pass at 4.8 kHz; a net meets both."""
    return LowRate("none" if rng.random() < 0.5 else "zero phase")


def low_rate_causal(rng: Generator, config: TrainingConfig) -> Damage:
    """16 kHz and back and a causal low-pass at 4.8 kHz, as Cukaj and Corsi 2025 have it."""
    return LowRate("causal")


def none(rng: Generator, config: TrainingConfig) -> Damage:
    """No damage."""
    return lambda audio: audio


def _coded(rng: Generator, share: float) -> Damage | None:
    """Our neural codec for a share of the examples, else None."""
    return neural_damage(rng) if share > 0 and rng.random() < share else None
