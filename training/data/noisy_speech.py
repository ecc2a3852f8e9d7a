"""Examples for nets that remove background noise, and some of the room, from speech.

A voice on a faint noise floor, sometimes in a room, is mixed with recorded noise, babble of other
voices, music, coloured noise, tones and short events. The target is that voice with the floor of
its own recording, a shortened room, and the noise at `TARGET_NOISE_DB` below its level. So the
restored recording still has its own background, and no net has to guess a floor under the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator

from pipeline.audio.buffers import release
from pipeline.audio.sound import Audio
from pipeline.degradation.additions import gain_for
from pipeline.degradation.effects import BandLimit
from training.config import TrainingConfig
from training.data.backgrounds import (
    Backgrounds,
    RoomRange,
    gain,
    group_chances,
    tilted,
)
from training.data.clips import VOICES, Clip
from training.data.examples import DrawnExamples, vary
from training.data.noisy_examples import dither
from training.data.room_noise import Rooms

SNR_DB, NEAR_CLEAN_DB = (-5.0, 20.0), (20.0, 50.0)
CLEAN, NEAR_CLEAN, VOICELESS = 0.06, 0.08, 0.03  # shares of the examples
TARGET_NOISE_DB = -30.0  # level of the noise in the target over that in the input
FLOOR_SHARE, FLOOR_DB = 0.5, -12.0  # share of voices with a floor, and its level over `Rooms`' own
CLEAN_RANGE_DB = 30.0  # least level range of a voice recording that is clean enough for a target
REVERBERANT = 0.1  # share of the voices, for denoisers
NARROW, NARROW_RATES = 0.2, (8_000, 11_025, 16_000, 16_000, 16_000, 22_050, 24_000, 32_000)
LIVE_ROOMS = RoomRange((0.3, 1.5), (-9.0, 3.0), 0.1)  # for nets that remove the room
PEAK_DB = (-35.0, 0.0)  # of the mixture


@dataclass(frozen=True)
class Voice:
    """The speech of one example.

    Args:
        recorded: (T,) in its room.
        target: (T,) with a shortened room.
        group: of its recording.
        bandwidth_hz: up to which it can be trusted.
    """

    recorded: np.ndarray
    target: np.ndarray
    group: str
    bandwidth_hz: float


class NoisySpeechExamples(DrawnExamples):
    """Endless noisy and clean examples; item i depends on the seed and on i only.

    Args:
        clips: recordings to draw from: voices (`VOICES`), and backgrounds of kind "noise", "ir"
            and music.
        config: seconds, kinds and seed.
        sample_rate: Hz.
        count: length of the dataset.
        channels: of the net; an example has one all the same.

    Attributes:
        reverberant: share of the voices that stand in a room.
        rooms: that they stand in.
        snr_db: range of the ratio of voice to noise in most examples.
        target_noise_db: level of the noise in the target over that in the input.

    Raises:
        ValueError: no voice among the clips.
    """

    reverberant = REVERBERANT
    rooms = RoomRange()
    snr_db = SNR_DB
    target_noise_db = TARGET_NOISE_DB

    def __init__(
        self,
        clips: list[Clip],
        config: TrainingConfig,
        sample_rate: int,
        count: int,
        channels: int = 1,
    ) -> None:
        self.config, self.rate, self.count = config, sample_rate, count
        self.length = round(config.seconds * sample_rate)
        voices = [clip for clip in clips if clip.kind in VOICES]
        if not voices:
            raise ValueError(f"data: got no voices, expected recordings of {' or '.join(VOICES)}")
        clean = [clip for clip in voices if level_range_db(clip, sample_rate) >= CLEAN_RANGE_DB]
        self.voices = clean or voices
        self.chances = group_chances(self.voices, config)
        self.floors = Rooms(self.voices, sample_rate)
        self.backgrounds = Backgrounds(clips, sample_rate)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """degraded and clean (1, T), trust_hz (1,), voiced () bool."""
        rng = np.random.default_rng([self.config.seed, index])
        voice = self._voice(rng)
        noise = self._noise(rng, voice)
        pair = np.stack((voice.recorded + noise, voice.target + gain(self.target_noise_db) * noise))
        trust_hz = voice.bandwidth_hz
        if rng.random() < NARROW:
            narrow_hz = float(rng.choice(NARROW_RATES)) / 2
            pair = BandLimit(narrow_hz, "resample", 8)(Audio(pair, self.rate)).samples
            trust_hz = trust_hz if trust_hz < narrow_hz else self.rate / 2
        peak = max(float(np.abs(pair[0]).max()), 1e-5)
        pair = pair * (gain(rng.uniform(*PEAK_DB)) / peak) + dither(rng, (1, self.length))
        return {
            "degraded": torch.from_numpy(pair[:1].copy()),
            "clean": torch.from_numpy(pair[1:].copy()),
            "trust_hz": torch.tensor([trust_hz], dtype=torch.float32),
            "voiced": torch.tensor(bool(voice.recorded.any())),
        }

    def _voice(self, rng: Generator) -> Voice:
        """A piece of a recording, on a floor, in a room, or silence."""
        clip = self.draw(self.voices, self.chances, rng)
        if rng.random() < VOICELESS:
            silence = np.zeros(self.length, np.float32)
            return Voice(silence, silence, clip.group, self.rate / 2)
        piece, bandwidth_hz = vary(clip, self.length, self.rate, rng)
        recorded = target = tilted(piece, self.rate, rng, 2.0)
        if rng.random() < self.reverberant:
            recorded, target = self.backgrounds.reverberant(recorded, rng, self.rooms)
        if rng.random() < FLOOR_SHARE:
            floor = gain(FLOOR_DB) * self.floors.draw(rng, self.length)
            recorded, target = recorded + floor, target + floor
        return Voice(recorded, target, clip.group, bandwidth_hz)

    def _noise(self, rng: Generator, voice: Voice) -> np.ndarray:
        """(T,) at a ratio to the voice drawn from `SNR_DB`, or little or nothing."""
        chance, voiced = rng.random(), voice.recorded.any()
        if chance < CLEAN and voiced:
            return np.zeros_like(voice.recorded)
        noise = self._background(rng, voice.group)
        if not voiced:
            return noise
        snr_db = rng.uniform(*(NEAR_CLEAN_DB if chance < CLEAN + NEAR_CLEAN else self.snr_db))
        return noise * gain_for(voice.recorded, noise, snr_db)

    def _background(self, rng: Generator, group: str) -> np.ndarray:
        """(T,) without voices of `group`."""
        return self.backgrounds.draw(self.length, group, rng)


class VoiceOverMusicExamples(NoisySpeechExamples):
    """A voice over one or two pieces of music or stems, which the target has no more of."""

    snr_db = (-10.0, 10.0)
    target_noise_db = -50.0

    def _background(self, rng: Generator, group: str) -> np.ndarray:
        return self.backgrounds.music(self.length, rng)


class ReverberantSpeechExamples(NoisySpeechExamples):
    """The same with nearly every voice in a room, of which the target keeps almost nothing."""

    reverberant = 0.9
    rooms = LIVE_ROOMS


def level_range_db(clip: Clip, rate: int) -> float:
    """95th over 5th percentile of the level of 20 ms frames that are not digital silence, in dB."""
    size = round(0.02 * rate)
    frames = clip.samples[: len(clip.samples) // size * size].reshape(-1, size)
    power = np.einsum("nt,nt->n", frames, frames) / size
    release(clip.samples[None], 0, len(clip.samples))
    power = power[power > 1e-10]
    if len(power) < 10:
        return 0.0
    quiet, loud = np.percentile(power, (5, 95))
    return 10 * float(np.log10(loud / quiet))
