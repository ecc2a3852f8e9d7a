"""Random chains of degradations, drawn from a seeded generator."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from pipeline.degradation.additions import Dither, NoiseAtSnr
from pipeline.degradation.codecs import CODECS, Codec
from pipeline.degradation.effects import (
    FAMILIES,
    BandLimit,
    Crush,
    Echoes,
    MuLaw,
    Noise,
    SoftClip,
)
from pipeline.degradation.neural_codecs import NeuralCodec
from pipeline.degradation.spectral_codec import SpectralCodec
from pipeline.stage import Chain, Stage

SPEECH_RATES = (8_000, 12_000, 16_000, 24_000)
MUSIC_RATES = (16_000, 22_050, 24_000, 32_000)


def random_damage(rng: Generator, rates: tuple[int, ...] = SPEECH_RATES) -> Chain:
    """Usual damage of recordings: mostly a band limit, often a codec, sometimes coarse steps.

    Args:
        rng: draws kind and settings.
        rates: sampling rates; half of each is a likely cut-off.
    """
    kind = rng.choice(["band", "codec", "grain"], p=[0.72, 0.2, 0.08])
    if kind == "codec":
        return Chain((_random_codec(rng),))
    if kind == "grain":
        steps = (MuLaw(), Crush(int(rng.integers(8, 13)))), (_random_band(rng, rates),)
        return Chain((*steps[1], steps[0][int(rng.integers(2))]))
    band = _random_band(rng, rates)
    if rng.random() < 0.15:
        noise = Noise(
            float(rng.uniform(-85, -50)), float(rng.uniform(-1, 1)), int(rng.integers(1 << 31))
        )
        return Chain((noise, band))
    return Chain((band,))


def _random_band(rng: Generator, rates: tuple[int, ...]) -> BandLimit:
    if rng.random() < 0.6:
        return BandLimit(float(rng.choice(rates)) / 2, "resample", int(rng.integers(4, 16)))
    cutoff_hz = float(np.exp(rng.uniform(np.log(2000), np.log(12_000))))
    return BandLimit(cutoff_hz, str(rng.choice(FAMILIES)), int(rng.integers(4, 13)))


def _random_codec(rng: Generator) -> Codec:
    name = str(rng.choice(list(CODECS), p=[0.45, 0.35, 0.2]))
    low, high = {"mp3": (24, 80), "opus": (8, 32), "vorbis": (48, 80)}[name]
    rate = int(rng.choice((16_000, 24_000, 48_000), p=[0.2, 0.3, 0.5]))
    return Codec(name, float(np.exp(rng.uniform(np.log(low), np.log(high)))), rate)


def lossy_damage(rng: Generator) -> Codec:
    """A lossy codec of today at 12 to 96 kbit/s a channel, from cheap radio to a good stream."""
    name = str(rng.choice(("mp3", "aac", "vorbis", "opus"), p=(0.5, 0.12, 0.18, 0.2)))
    low, high = {"mp3": (16, 96), "aac": (16, 64), "vorbis": (24, 96), "opus": (8, 48)}[name]
    rates = (24_000, 44_100, 48_000) if name == "mp3" else (44_100, 48_000)
    kbps = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return Codec(name, kbps, int(rng.choice(rates)))


def neural_damage(rng: Generator) -> NeuralCodec:
    """Our neural codec at 1.5 to 6 kbit/s, like that of generated and transmitted voices."""
    return NeuralCodec(kbps=0.75 * int(rng.integers(2, 9)))


def speech_codec_damage(rng: Generator) -> Stage:
    """A codec of speech at a low bit rate, of many kinds; one sound in eight stays as it is."""
    kind = rng.choice(["none", "neural", "opus", "spectral"], p=[0.125, 0.175, 0.1, 0.6])
    if kind == "none":
        return Chain(())
    if kind == "neural":
        return neural_damage(rng)
    if kind == "opus":
        return Codec("opus", float(rng.uniform(6, 20)), 24_000)
    return SpectralCodec(
        bands=int(np.exp(rng.uniform(np.log(20), np.log(120)))),
        frames=int(rng.integers(1, 5)),
        step_db=float(rng.uniform(0, 4)),
        error_db=float(rng.uniform(0, 6)),
        tilt_db=float(rng.uniform(-5, 5)),
        depth_db=float(rng.uniform(30, 75)),
        sink=float(rng.uniform(-0.4, 0.4)),
        coherence=float(rng.uniform(0.3, 1)),
        coherent_hz=float(np.exp(rng.uniform(np.log(500), np.log(8000)))),
        harmonic=float(rng.random()),
        floor_db=float(rng.uniform(-120, -70)),
        seed=int(rng.integers(1 << 31)),
    )


def generated_damage(rng: Generator) -> Chain:
    """Usual damage of generated music, except for its noise.

    Source: Ensoli and Massignan 2025, section 3: down-up resampling from 12 to 22.05 kHz, 8 to 12
    bits or mu-law, soft clipping by 1 to 6 dB, light multi-delay reverberation.
    """
    steps: list[Stage] = []
    if rng.random() < 0.5:
        steps.append(BandLimit(float(rng.uniform(6000, 11_025)), "resample", 8))
    if rng.random() < 0.3:
        steps.append(SoftClip(float(rng.uniform(1, 6))))
    if rng.random() < 0.3:
        decay_s, mix = float(rng.uniform(0.05, 0.4)), float(rng.uniform(5, 25))
        steps.append(Echoes(decay_s, mix, int(rng.integers(4, 20)), int(rng.integers(1 << 31))))
    if rng.random() < 0.4:
        steps.append(MuLaw() if rng.random() < 0.3 else Crush(int(rng.integers(8, 13))))
    return Chain(tuple(steps))


def musicgen_like(rng: Generator) -> Chain:
    """The damage of generated music with its noise: `generated_damage`, then noise and dither.

    Source: Ensoli and Massignan 2025, section 3: noise of the surroundings at -5 to 20 dB SNR, a
    tiny Gaussian dither.
    """
    steps = list(generated_damage(rng).stages)
    if rng.random() < 0.95:
        snr_db, slope = float(rng.uniform(-5, 20)), float(rng.uniform(0, 1.5))
        steps.append(NoiseAtSnr(round(snr_db, 1), round(slope, 2), int(rng.integers(1 << 31))))
    steps.append(Dither(round(float(rng.uniform(-96, -90)), 1), int(rng.integers(1 << 31))))
    return Chain(tuple(steps))
