"""Files that are whole, but hold odd sound: rates, depths, channels, lengths, values."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.audio.decode import MAX_RATE, MIN_RATE
from pipeline.audio.sound import LARGEST
from tests.support.zoo.specimen import (
    BAD,
    BY_SOUNDFILE,
    EITHER,
    GOOD,
    Specimen,
    encoded,
    pick,
    samples,
    sound_file,
    suffixes,
    written,
)

ODD_RATES = (1, 2, 50, 999, 4_000, 7_999, 8_000, 8_001, 11_111, 37_800, 96_000, 176_400, 192_000)
HIGH_RATES = (192_001, 352_800, 384_000, 768_000)
DEPTHS = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW")


def whole(place: Path, rng: np.random.Generator) -> Specimen:
    suffix = str(pick(rng, suffixes()))
    return written(place, suffix, sound_file(rng, suffix), GOOD)


def rate(place: Path, rng: np.random.Generator) -> Specimen:
    hz = int(pick(rng, (*ODD_RATES, *HIGH_RATES)))
    sound = samples(rng, max(hz, 400))
    expect = GOOD if MIN_RATE <= hz <= MAX_RATE else BAD
    return written(place, "wav", encoded(sound, hz, "wav"), expect)


def channels(place: Path, rng: np.random.Generator) -> Specimen:
    n = int(rng.integers(1, 12))
    sound = samples(rng, 16_000, n)
    return written(place, "wav", encoded(sound, 16_000, "wav"), GOOD if n <= 8 else BAD)


def depth(place: Path, rng: np.random.Generator) -> Specimen:
    subtype = str(pick(rng, DEPTHS))
    return written(place, "wav", encoded(samples(rng, 16_000), 16_000, "wav", subtype), GOOD)


def few_samples(place: Path, rng: np.random.Generator) -> Specimen:
    n = int(rng.integers(0, 6))
    suffix = str(pick(rng, ("wav", "flac", "aiff", "ogg", "opus", "mp3")))
    content = encoded(rng.uniform(-0.5, 0.5, (n, 1)), 48_000, suffix)
    expect = EITHER if suffix != "wav" else GOOD if n else BAD
    return written(place, suffix, content, expect)


def constant(place: Path, rng: np.random.Generator) -> Specimen:
    """Silence, a constant, full scale, or a single pulse."""
    sound = np.full((2_000, int(rng.integers(1, 3))), float(pick(rng, (0.0, 0.3, -1.0, 1e-9))))
    if rng.random() < 0.3:
        sound[1_000] = 0.9
    suffix = str(pick(rng, ("wav", "flac", "aiff", "w64")))
    return written(place, suffix, encoded(sound, 16_000, suffix), GOOD)


def not_finite(place: Path, rng: np.random.Generator) -> Specimen:
    sound = samples(rng, 16_000)
    sound[int(rng.integers(len(sound)))] = float(pick(rng, (np.nan, np.inf, -np.inf)))
    subtype = str(pick(rng, ("FLOAT", "DOUBLE")))
    return written(place, "wav", encoded(sound, 16_000, "wav", subtype), BAD)


def huge_values(place: Path, rng: np.random.Generator) -> Specimen:
    """Above full scale, up to the largest number of a double."""
    factor = 10.0 ** rng.uniform(0.5, 300)
    sound = samples(rng, 16_000) * factor
    expect = GOOD if np.abs(sound).max() < 0.99 * LARGEST else BAD
    return written(place, "wav", encoded(sound, 16_000, "wav", "DOUBLE"), expect)


def loud(place: Path, rng: np.random.Generator) -> Specimen:
    """Above full scale, as a sound that has not been normalised."""
    sound = samples(rng, 16_000) * rng.uniform(2, 0.9 * LARGEST)
    return written(place, "wav", encoded(sound, 16_000, "wav", "FLOAT"), GOOD)


def tiny_values(place: Path, rng: np.random.Generator) -> Specimen:
    """Down to numbers that a float32 has no exponent for."""
    sound = samples(rng, 16_000) * 10.0 ** -rng.uniform(10, 300)
    return written(place, "wav", encoded(sound, 16_000, "wav", "DOUBLE"), GOOD)


def wrong_suffix(place: Path, rng: np.random.Generator) -> Specimen:
    """A sound under the suffix of another format: the content counts."""
    content = sound_file(rng, str(pick(rng, BY_SOUNDFILE)))
    return written(
        place, str(pick(rng, ("wav", "mp3", "flac", "m4a", "mp4", "ape"))), content, GOOD
    )


KINDS = (
    *(whole, rate, channels, depth, few_samples, constant, not_finite, huge_values, loud),
    *(tiny_values, wrong_suffix),
)
