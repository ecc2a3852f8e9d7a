"""Clean recordings in, damaged and clean examples out; example number i is always the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr
import torch
from numpy.random import Generator
from scipy import fft
from torch.utils.data import Dataset

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import Telephone, equalised
from pipeline.degradation.random_chain import MUSIC_RATES, neural_damage, random_damage
from training.config import Recipe
from training.data.clips import INSTRUMENTS, Clip
from training.data.room_noise import Rooms

TRUST_HOP = 480  # samples from one trusted bandwidth to the next
NYQUIST_MARGIN = 0.96  # a band that ends above this share of the net's Nyquist is full
NATURAL_HZ = 12_000  # an instrument that ends below it, as a bass does, has lost nothing above


class Examples(Dataset):
    """Endless damaged and clean examples: item i depends on seed and i only, so a run can resume.

    Where there are pairs, they alone are drawn from, and nothing is damaged.

    Args:
        clips: to draw from.
        recipe: seconds, kinds and seed.
        sample_rate: Hz.
        count: length of the dataset.
    """

    def __init__(self, clips: list[Clip], recipe: Recipe, sample_rate: int, count: int) -> None:
        self.clips, self.recipe, self.rate, self.count = clips, recipe, sample_rate, count
        self.length = round(recipe.seconds * sample_rate)
        self.paired = [clip for clip in clips if clip.degraded is not None]
        self.chance = draw_chances(self.paired or clips, recipe, sample_rate)
        self.rooms = Rooms(clips, sample_rate)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """degraded and clean (1, T), trust_hz (K,)."""
        rng = np.random.default_rng([self.recipe.seed, index])
        degraded, clean, trust_hz = self._pair(rng) if self.paired else self._made(rng)
        return {
            "degraded": torch.from_numpy(np.array(degraded)),
            "clean": torch.from_numpy(clean[None]),
            "trust_hz": torch.from_numpy(trust_hz),
        }

    def _pair(self, rng: Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Both sides of a pair as they were recorded, at the same place, level and polarity."""
        clip = self.paired[rng.choice(len(self.paired), p=self.chance)]
        assert clip.degraded is not None
        start = place(clip.samples, self.length, rng)
        gain = rng.choice((-1, 1)) * 10 ** (rng.uniform(-6, 0) / 20)
        sides = np.zeros((2, self.length), np.float32)
        for side, samples in zip(sides, (clip.degraded, clip.samples), strict=True):
            piece = samples[start : start + self.length]
            side[: len(piece)] = gain * piece
        silence = np.zeros_like(sides[1])
        trust_hz = trusted_bandwidth(sides[1], silence, clip.bandwidth_hz, self.rate)
        return sides[:1], sides[1], trust_hz

    def _made(self, rng: Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A recording and what the recipe's damage makes of it."""
        clean, trust_hz = self._target(rng)
        degraded = self._damage(rng)(Audio(clean[None], self.rate)).samples
        if rng.random() < 0.5:
            degraded = _sixteen_bit(degraded)
        return degraded, clean, trust_hz

    def _damage(self, rng: Generator) -> Callable[[Audio], Audio]:
        if self.recipe.damage == "telephone":
            return Telephone()
        if self.recipe.damage == "none":
            return lambda audio: audio
        share = 1.0 if self.recipe.damage == "codec" else self.recipe.coded
        if share > 0 and rng.random() < share:
            return neural_damage(rng)
        rates = {"rates": MUSIC_RATES} if self.recipe.damage == "music" else {}
        return random_damage(rng, **rates)

    def _target(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """What the net should make: a recording, varied where the recipe says so."""
        return self._varied(rng) if self.recipe.varied else self._as_recorded(rng)

    def _as_recorded(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """A piece at any level up to its file's own, and its polarity."""
        clip = self.clips[rng.choice(len(self.clips), p=self.chance)]
        clean = np.zeros(self.length, np.float32)
        piece = crop(clip.samples, self.length, rng)[: self.length]
        clean[: len(piece)] = piece * (rng.choice((-1, 1)) * 10 ** (rng.uniform(-6, 0) / 20))
        silence = np.zeros_like(clean)
        return clean, trusted_bandwidth(clean, silence, clip.bandwidth_hz, self.rate)

    def _varied(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """A recording varied, on a noise floor as of a real room and microphone."""
        voice, bandwidth_hz = self._voice(rng)
        if rng.random() < self.recipe.mixed:
            other, other_hz = self._voice(rng)
            voice = voice + other * rng.uniform(0.1, 0.8)
            bandwidth_hz = min(bandwidth_hz, other_hz)
        voice = _equalise(voice, self.rate, rng)
        floor = self.rooms.draw(rng, self.length)
        trust_hz = trusted_bandwidth(voice, floor, bandwidth_hz, self.rate)
        clean = (voice + floor) * 10 ** (rng.uniform(-26, 3) / 20)
        return (_sixteen_bit(clean) if rng.random() < 0.6 else clean), trust_hz

    def _voice(self, rng: Generator) -> tuple[np.ndarray, float]:
        """A piece of a recording; see `vary`."""
        clip = self.clips[rng.choice(len(self.clips), p=self.chance)]
        return vary(clip, self.length, self.rate, rng)


def draw_chances(clips: list[Clip], recipe: Recipe, rate: int) -> np.ndarray:
    """(N,) how often each clip is drawn: by its kind's share, its length and its bandwidth."""
    weights = np.array([_weight(clip, rate) for clip in clips])
    for kind in {clip.kind for clip in clips}:
        of_kind = np.array([clip.kind == kind for clip in clips])
        weights[of_kind] *= recipe.kinds[kind] / weights[of_kind].sum()
    return weights / weights.sum()


def _weight(clip: Clip, rate: int) -> float:
    full = 3.0 if clip.bandwidth_hz >= 0.4 * rate else 1.0
    return full * min(len(clip.samples) / rate, 30.0)


def vary(clip: Clip, length: int, rate: int, rng: Generator) -> tuple[np.ndarray, float]:
    """A piece of a recording, faster or slower, at a peak of its file of one half.

    Returns:
        (T,) float32, and up to which frequency in Hz it is true.
    """
    speed = float(rng.uniform(0.85, 1.3)) if rng.random() < 0.7 else 1.0
    piece = crop(clip.samples, int(length * speed) + 64, rng)
    if speed != 1.0:
        piece = soxr.resample(piece, rate * speed, rate, "HQ")
    voice = np.zeros(length, np.float32)
    voice[: len(piece)] = piece[:length]
    is_whole = clip.kind in INSTRUMENTS and clip.bandwidth_hz < NATURAL_HZ
    bandwidth_hz = rate / 2 if is_whole else min(clip.bandwidth_hz * speed, rate / 2)
    gain = 0.5 / max(loudest(clip.samples), 1e-4) * rng.choice((-1, 1))
    return voice * np.float32(gain), bandwidth_hz


def crop(samples: np.ndarray, length: int, rng: Generator) -> np.ndarray:
    """A random piece; see `place`."""
    start = place(samples, length, rng)
    return samples[start : start + length]


def place(samples: np.ndarray, length: int, rng: Generator) -> int:
    """Where a random piece starts; a silent one is drawn again, four times at most."""
    quiet = 0.02 * loudest(samples)
    for _ in range(4):
        start = int(rng.integers(max(1, len(samples) - length)))
        piece = samples[start : start + length]
        if np.sqrt(np.mean(piece**2)) > quiet:
            break
    return start


def loudest(samples: np.ndarray) -> float:
    """The largest magnitude of (T,) samples."""
    return max(float(samples.max()), -float(samples.min()))


def _equalise(x: np.ndarray, rate: int, rng: Generator) -> np.ndarray:
    """A smooth random tilt: knots of up to a few dB, two octaves apart."""
    knots_hz = np.array([60.0, 250, 1000, 4000, 9000, 24_000])
    gain_db = rng.normal(0, 2.0, len(knots_hz)) + rng.normal(0, 1.0) * np.arange(len(knots_hz))
    return equalised(x, rate, knots_hz, gain_db)


def trusted_bandwidth(
    voice: np.ndarray, floor: np.ndarray, bandwidth_hz: float, rate: int
) -> np.ndarray:
    """Bandwidth up to which voice + floor is true, for each stretch of `TRUST_HOP` samples.

    Where the voice stands above the floor at the top of its own band, what it lacks beyond it is a
    loss of its recording; where the floor stands above the voice, the floor is all there would be.

    Args:
        voice, floor: (T,).
        bandwidth_hz: of the voice.
        rate: Hz.

    Returns:
        (T // TRUST_HOP,) float32, in Hz.
    """
    count = len(voice) // TRUST_HOP
    if bandwidth_hz >= NYQUIST_MARGIN * rate / 2:
        return np.full(count, rate / 2, np.float32)
    frequency = np.fft.rfftfreq(TRUST_HOP, 1 / rate)
    band = (frequency > 0.7 * bandwidth_hz) & (frequency < 0.95 * bandwidth_hz)
    window = np.hanning(TRUST_HOP).astype(np.float32)
    frames = np.stack((voice, floor))[:, : count * TRUST_HOP].reshape(2, count, TRUST_HOP)
    power = np.square(np.abs(fft.rfft(frames * window)[..., band])).sum(-1)
    loud = power[0] > 0.5 * power[1]
    near = np.convolve(loud, np.ones(5), "same") > 0  # an analysis frame reaches its neighbours
    return np.where(near, bandwidth_hz, rate / 2).astype(np.float32)


def _sixteen_bit(x: np.ndarray) -> np.ndarray:
    return np.round(x * 32_768).astype(np.float32) / 32_768
