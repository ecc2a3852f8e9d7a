"""Damaged and clean examples out of clean recordings; example number i is always the same."""

from __future__ import annotations

import numpy as np
import soxr
import torch
from numpy.random import Generator
from scipy import fft
from torch.utils.data import Dataset

from pipeline.audio.buffers import copied
from pipeline.audio.sound import Audio
from pipeline.degradation.effects import equalised
from training.config import TrainingConfig
from training.data.clips import INSTRUMENTS, Clip
from training.data.room_noise import Rooms
from training.tasks import TASKS

TRUST_HOP = 480  # samples from one trusted bandwidth to the next
NYQUIST_MARGIN = 0.96  # a band that ends above this share of the net's Nyquist is full
NATURAL_HZ = 12_000  # an instrument that ends below, such as a bass, has lost nothing


class DrawnExamples(Dataset):
    """Examples of recordings that are drawn, of which the first may be given instead."""

    _given: Clip | None = None

    def of(self, clip: Clip, index: int) -> dict[str, torch.Tensor]:
        """Example number `index`, of this recording instead of the first that would be drawn."""
        self._given = clip
        return self[index]

    def draw(self, clips: list[Clip], chances: np.ndarray, rng: Generator) -> Clip:
        """A recording, each with its chance; or the one that was given."""
        drawn = clips[rng.choice(len(clips), p=chances)]
        given, self._given = self._given, None
        return given or drawn


class Examples(DrawnExamples):
    """Endless damaged and clean examples.

    Item i depends on the seed and on i only, so a resumed run sees the examples that it would have
    seen.

    Args:
        clips: recordings to draw from.
        config: task, seconds, kinds and seed.
        sample_rate: Hz.
        count: length of the dataset.
        channels: of the net; an example has one all the same, since these damages have one.
    """

    def __init__(
        self,
        clips: list[Clip],
        config: TrainingConfig,
        sample_rate: int,
        count: int,
        channels: int = 1,
    ) -> None:
        self.clips, self.config, self.rate, self.count = clips, config, sample_rate, count
        self.length = round(config.seconds * sample_rate)
        self.chance = draw_chances(clips, config, sample_rate)
        self.rooms = Rooms(clips, sample_rate)
        self.draw_damage = TASKS[config.damage].damage

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """degraded and clean (1, T), trust_hz (K,)."""
        rng = np.random.default_rng([self.config.seed, index])
        clean, trust_hz = self._target(rng)
        degraded = self.draw_damage(rng, self.config)(Audio(clean[None], self.rate)).samples
        if rng.random() < 0.5:
            degraded = _sixteen_bit(degraded)
        return _tensors(degraded, clean, trust_hz)

    def _target(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """The clean side: a recording, varied where the config says so."""
        return self._varied(rng) if self.config.varied else self._as_recorded(rng)

    def _as_recorded(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """A piece of a recording, up to 6 dB quieter, in either polarity."""
        clip = self.draw(self.clips, self.chance, rng)
        clean = np.zeros(self.length, np.float32)
        piece = crop(clip, self.length, rng)
        clean[: len(piece)] = piece * (rng.choice((-1, 1)) * 10 ** (rng.uniform(-6, 0) / 20))
        silence = np.zeros_like(clean)
        return clean, trusted_bandwidth(clean, silence, clip.bandwidth_hz, self.rate)

    def _varied(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """A varied recording on a noise floor like that of a real room and microphone."""
        voice, bandwidth_hz, clip = self._voice(rng)
        if rng.random() < self.config.mixed:
            other, other_hz, _ = self._voice(rng)
            voice = voice + other * rng.uniform(0.1, 0.8)
            bandwidth_hz = min(bandwidth_hz, other_hz)
        voice = _equalise(voice, self.rate, rng)
        floor = self.rooms.draw(rng, self.length, clip)
        trust_hz = trusted_bandwidth(voice, floor, bandwidth_hz, self.rate)
        clean = (voice + floor) * 10 ** (rng.uniform(-26, 3) / 20)
        return (_sixteen_bit(clean) if rng.random() < 0.6 else clean), trust_hz

    def _voice(self, rng: Generator) -> tuple[np.ndarray, float, Clip]:
        """A piece of a recording, see `vary`, and the recording."""
        clip = self.draw(self.clips, self.chance, rng)
        return *vary(clip, self.length, self.rate, rng), clip


class PeakExamples(Examples):
    """Examples of recordings that peak at 1, as far as they are not varied."""

    def _as_recorded(self, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        clip = self.draw(self.clips, self.chance, rng)
        clean = np.zeros(self.length, np.float32)
        piece = crop(clip, self.length, rng)
        clean[: len(piece)] = piece * (rng.choice((-1, 1)) / clip.peak)
        return clean, trusted_bandwidth(clean, 0 * clean, clip.bandwidth_hz, self.rate)


class OwnPeakExamples(PeakExamples):
    """Examples of which each side is divided by its own peak, as Cukaj and Corsi 2025 do.

    The level of the low-resolution side is lost, so that no net can know that of its output.
    """

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        item = super().__getitem__(index)
        for side in ("degraded", "clean"):
            item[side] = item[side] / item[side].abs().max().clamp(min=1e-4)
        return item


class PairExamples(Dataset):
    """Endless examples out of pairs as they were recorded, at the same place, level and polarity.

    Args:
        clips: recordings with a degraded side; others are left out.
        config: seconds, kinds and seed.
        sample_rate: Hz.
        count: length of the dataset.
    """

    def __init__(
        self, clips: list[Clip], config: TrainingConfig, sample_rate: int, count: int
    ) -> None:
        self.clips = [clip for clip in clips if clip.degraded is not None]
        self.config, self.rate, self.count = config, sample_rate, count
        self.length = round(config.seconds * sample_rate)
        self.chance = draw_chances(self.clips, config, sample_rate)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """degraded and clean (1, T), trust_hz (K,)."""
        rng = np.random.default_rng([self.config.seed, index])
        clip = self.clips[rng.choice(len(self.clips), p=self.chance)]
        assert clip.degraded is not None
        start = random_start(clip, self.length, rng)
        gain = rng.choice((-1, 1)) * 10 ** (rng.uniform(-6, 0) / 20)
        sides = np.zeros((2, self.length), np.float32)
        for side, samples in zip(sides, (clip.degraded, clip.samples), strict=True):
            piece = copied(samples[None], start, start + self.length)[0]
            side[: len(piece)] = gain * piece
        silence = np.zeros_like(sides[1])
        trust_hz = trusted_bandwidth(sides[1], silence, clip.bandwidth_hz, self.rate)
        return _tensors(sides[:1], sides[1], trust_hz)


def _tensors(
    degraded: np.ndarray, clean: np.ndarray, trust_hz: np.ndarray
) -> dict[str, torch.Tensor]:
    return {
        "degraded": torch.from_numpy(np.array(degraded)),
        "clean": torch.from_numpy(clean[None]),
        "trust_hz": torch.from_numpy(trust_hz),
    }


def draw_chances(clips: list[Clip], config: TrainingConfig, rate: int) -> np.ndarray:
    """(N,) probability of each clip, from its kind's share, its length and its bandwidth."""
    weights = np.array([_weight(clip, rate) for clip in clips])
    for kind in {clip.kind for clip in clips}:
        of_kind = np.array([clip.kind == kind for clip in clips])
        weights[of_kind] *= config.kinds[kind] / weights[of_kind].sum()
    return weights / weights.sum()


def _weight(clip: Clip, rate: int) -> float:
    full = 3.0 if clip.bandwidth_hz >= 0.4 * rate else 1.0
    return full * min(len(clip.samples) / rate, 30.0)


def vary(clip: Clip, length: int, rate: int, rng: Generator) -> tuple[np.ndarray, float]:
    """A piece of a recording, faster or slower, scaled so that the recording peaks at one half.

    Returns:
        (T,) float32, and the frequency in Hz up to which it can be trusted.
    """
    speed = float(rng.uniform(0.85, 1.3)) if rng.random() < 0.7 else 1.0
    piece = crop(clip, int(length * speed) + 64, rng)
    if speed != 1.0:
        piece = soxr.resample(piece, rate * speed, rate, "HQ")
    voice = np.zeros(length, np.float32)
    voice[: len(piece)] = piece[:length]
    is_whole = clip.kind in INSTRUMENTS and clip.bandwidth_hz < NATURAL_HZ
    bandwidth_hz = rate / 2 if is_whole else min(clip.bandwidth_hz * speed, rate / 2)
    gain = 0.5 / max(clip.peak, 1e-4) * rng.choice((-1, 1))
    return voice * np.float32(gain), bandwidth_hz


def crop(clip: Clip, length: int, rng: Generator) -> np.ndarray:
    """A random piece of the clean sound; see `random_start`."""
    return clip.piece(random_start(clip, length, rng), length)


def random_start(clip: Clip, length: int, rng: Generator) -> int:
    """The first sample of a random piece; a silent piece is drawn again, up to four times."""
    quiet = 0.02 * clip.peak
    for _ in range(4):
        start = int(rng.integers(max(1, len(clip.samples) - length)))
        if np.sqrt(np.mean(clip.piece(start, length) ** 2)) > quiet:
            break
    return start


def _equalise(x: np.ndarray, rate: int, rng: Generator) -> np.ndarray:
    """A smooth random equaliser: a few dB at knots two octaves apart."""
    knots_hz = np.array([60.0, 250, 1000, 4000, 9000, 24_000])
    gain_db = rng.normal(0, 2.0, len(knots_hz)) + rng.normal(0, 1.0) * np.arange(len(knots_hz))
    return equalised(x, rate, knots_hz, gain_db)


def trusted_bandwidth(
    voice: np.ndarray, floor: np.ndarray, bandwidth_hz: float, rate: int
) -> np.ndarray:
    """Bandwidth up to which voice + floor can be trusted, for each `TRUST_HOP` samples.

    Where the voice is louder than the floor at the top of its band, its recording has lost what
    lies above. Where the floor is louder, nothing but the floor would be there.

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
