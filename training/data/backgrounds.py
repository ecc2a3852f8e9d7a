"""Background sounds and rooms for noisy speech: recordings, babble, noise, tones, short events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.random import Generator
from scipy import fft

from pipeline.degradation.effects import equalised, noise_floor
from training.config import TrainingConfig
from training.data.clips import INSTRUMENTS, NOISES, VOICES, Clip
from training.data.examples import crop
from training.data.room_noise import KNOTS_HZ, synthetic_floor

ROOM_RESPONSES = "ir"  # the kind of recorded impulse responses
SOURCES = {"recorded": 0.45, "coloured": 0.21, "babble": 0.13, "music": 0.12, "events": 0.09}
SOURCE_COUNTS = (0.55, 0.33, 0.12)  # chance of one, two and three sources at once
SECOND_PIECE = 0.3  # share of the music that has one
BABBLE = (3, 8)  # voices, fewest and most
RECORDED_RESPONSES = 0.25  # share of the rooms, where there are recordings
EARLY_S = 0.05  # until when the target has the room as it is
TILT_HZ = np.array([60.0, 250, 1000, 4000, 9000, 24_000])
FULL_BAND_HZ = 19_000


@dataclass(frozen=True)
class RoomRange:
    """The rooms that voices are put into.

    Args:
        t60_s: least and longest time in which a room decays by 60 dB.
        direct_db: least and largest level of the direct sound over everything else.
        target_t60_s: in which the target's tail decays, after `EARLY_S`.
    """

    t60_s: tuple[float, float] = (0.15, 1.0)
    direct_db: tuple[float, float] = (-3.0, 15.0)
    target_t60_s: float = 0.25


class Backgrounds:
    """Draws background sounds of one to three sources, and puts voices into rooms.

    Args:
        clips: recordings; synthetic sound stands in for kinds that are missing.
        rate: Hz.
    """

    def __init__(self, clips: list[Clip], rate: int) -> None:
        self.rate = rate
        self.clips = {
            "babble": [clip for clip in clips if clip.kind == VOICES[0]],
            "recorded": [clip for clip in clips if clip.kind == NOISES],
            "music": [clip for clip in clips if clip.kind in INSTRUMENTS],
        }
        self.chances = {source: group_chances(some) for source, some in self.clips.items()}
        self.groups = np.array([clip.group for clip in self.clips["babble"]])
        self.responses = [clip for clip in clips if clip.kind == ROOM_RESPONSES]

    def draw(self, length: int, group: str, rng: Generator) -> np.ndarray:
        """(T,) of one to three sources, each of -32 to -20 dBFS RMS, without voices of `group`."""
        total = np.zeros(length, np.float32)
        for _ in range(1 + int(rng.choice(len(SOURCE_COUNTS), p=SOURCE_COUNTS))):
            name = str(rng.choice(list(SOURCES), p=list(SOURCES.values())))
            source = self.source(name, length, group, rng)
            level = 0.1 * gain(rng.uniform(-12, 0))
            total += source * (level / max(float(np.sqrt(np.mean(source**2))), 1e-6))
        return total

    def source(self, name: str, length: int, group: str, rng: Generator) -> np.ndarray:
        """(T,) of one of `SOURCES`; coloured noise where its recordings are missing."""
        if name == "events":
            return events(length, self.rate, rng)
        if name == "babble" and (self.groups != group).any():
            return self._babble(length, group, rng)
        if name in ("recorded", "music") and self.clips[name]:
            return self._recorded(name, length, rng)
        return coloured(length, self.rate, rng)

    def music(self, length: int, rng: Generator) -> np.ndarray:
        """(T,) of one piece of music or stem, or two; coloured noise where there are none."""
        total = self.source("music", length, "", rng)
        if rng.random() < SECOND_PIECE:
            total = total + gain(rng.uniform(-12, 0)) * self.source("music", length, "", rng)
        return total

    def reverberant(
        self, x: np.ndarray, rng: Generator, rooms: RoomRange = RoomRange()
    ) -> tuple[np.ndarray, np.ndarray]:
        """(T,) in a random room.

        Args:
            x: (T,).
            rng: draws the room.
            rooms: to draw from, where the room is not a recorded one.

        Returns:
            (T,) `x` in the room, at the level of `x`; and (T,) with a shortened tail.
        """
        response = self._response(rng, rooms)
        late_s = np.maximum(np.arange(len(response)) / self.rate - EARLY_S, 0)
        both = np.stack((response, response * 10 ** (-3 * late_s / rooms.target_t60_s)))
        size = fft.next_fast_len(len(x) + len(response), real=True)
        wet = fft.irfft(fft.rfft(x, size) * fft.rfft(both.astype(np.float32), size), size)
        wet = wet[:, : len(x)]
        wet *= np.sqrt((np.mean(x**2) + 1e-12) / (np.mean(wet[0] ** 2) + 1e-12))
        return wet[0], wet[1]

    def _recorded(self, name: str, length: int, rng: Generator) -> np.ndarray:
        """A piece of a recording, faster or slower, tilted, repeated where it is too short."""
        clips = self.clips[name]
        clip = clips[rng.choice(len(clips), p=self.chances[name])]
        speed = float(np.exp(rng.uniform(np.log(0.7), np.log(1.5)))) if rng.random() < 0.5 else 1.0
        piece = crop(clip, int(length * speed) + 64, rng)
        if speed != 1.0:
            piece = soxr.resample(piece, self.rate * speed, self.rate, "LQ")
        return tilted(np.resize(piece, length), self.rate, rng, 4.0)

    def _babble(self, length: int, group: str, rng: Generator) -> np.ndarray:
        """Several voices of other groups, sometimes in a room."""
        chances = self.chances["babble"] * (self.groups != group)
        chances /= chances.sum()
        total = np.zeros(length, np.float32)
        for _ in range(int(rng.integers(BABBLE[0], BABBLE[1] + 1))):
            clip = self.clips["babble"][rng.choice(len(chances), p=chances)]
            piece = np.resize(crop(clip, length, rng), length)
            total += piece * (gain(rng.uniform(-8, 0)) / max(np.sqrt(np.mean(piece**2)), 1e-4))
        if rng.random() < 0.4:
            total = self.reverberant(total, rng)[0]
        return tilted(total, self.rate, rng, 3.0)

    def _response(self, rng: Generator, rooms: RoomRange) -> np.ndarray:
        """A room's impulse response from its direct sound on: recorded or synthetic."""
        if self.responses and rng.random() < RECORDED_RESPONSES:
            samples = self.responses[rng.integers(len(self.responses))].samples
            direct = int(np.abs(samples).argmax())
            response = samples[direct : direct + self.rate]
            return response / max(float(np.abs(response).max()), 1e-6)
        return synthetic_response(self.rate, rng, rooms)


def synthetic_response(rate: int, rng: Generator, rooms: RoomRange = RoomRange()) -> np.ndarray:
    """Direct sound, a dozen reflections, and an exponential tail whose treble decays first."""
    t60_s = float(np.exp(rng.uniform(*np.log(rooms.t60_s))))
    time_s = np.arange(int(min(t60_s, 0.9 * rooms.t60_s[1]) * rate)) / rate
    decays_s = np.array([[t60_s], [t60_s / 2]])
    tail = rng.standard_normal((2, len(time_s))) * 10 ** (-3 * time_s / decays_s)
    dull = equalised(tail[0], rate, np.array([500.0, 4000, 12_000]), np.array([0.0, -6, -24]))
    response = dull + 0.5 * tail[1]
    response[: int(rng.uniform(0.001, 0.01) * rate)] = 0
    for delay in rng.integers(int(0.001 * rate), int(0.04 * rate), 12):
        response[delay] += rng.choice((-1, 1)) * rng.uniform(1, 6)
    response *= gain(-rng.uniform(*rooms.direct_db)) / np.sqrt(np.sum(response**2) + 1e-9)
    response[0] = 1.0
    return response.astype(np.float32)


def coloured(length: int, rate: int, rng: Generator) -> np.ndarray:
    """(T,) noise of a random colour whose level moves slowly, at times with a hum or a whine."""
    colour_db = synthetic_floor(rng) + rng.normal(0, 3, len(KNOTS_HZ))
    noise = noise_floor(rng, (1, length), rate, KNOTS_HZ, colour_db)[0]
    noise /= max(float(np.sqrt(np.mean(noise**2))), 1e-9)
    if rng.random() < 0.3:
        noise = noise + gain(rng.uniform(-10, 10)) * tones(length, rate, rng)
    return noise if rng.random() < 0.4 else noise * slow_gain(length, rng, 6.0)


def tones(length: int, rate: int, rng: Generator) -> np.ndarray:
    """(T,) harmonics of a drifting pitch, as of mains, motors and sirens; mean square one."""
    drift = np.cumsum(rng.normal(0, rng.choice((0.0, 0.02, 0.3)), 5))
    base_hz = float(np.exp(rng.uniform(np.log(45), np.log(2000))))
    pitch_hz = base_hz * np.exp(np.interp(np.arange(length), np.linspace(0, length, 5), drift))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate
    total = np.zeros(length)
    for number in range(1, 1 + int(rng.integers(1, 8))):
        if number * base_hz < 0.3 * rate:
            total += rng.uniform(0, 1) / number * np.sin(number * phase + rng.uniform(0, 6.3))
    return (total / max(np.sqrt(np.mean(total**2)), 1e-6)).astype(np.float32)


def slow_gain(length: int, rng: Generator, depth_db: float) -> np.ndarray:
    """(T,) gain factors that move slowly and smoothly."""
    count = int(rng.integers(3, 12))
    level_db = rng.normal(0, depth_db, count)
    return gain(np.interp(np.linspace(0, count - 1, length), np.arange(count), level_db))


def events(length: int, rate: int, rng: Generator) -> np.ndarray:
    """(T,) of knocks, clicks and clatter: noise or ringing with a sharp onset and a decay."""
    total = (0.003 * rng.standard_normal(length)).astype(np.float32)
    for _ in range(int(np.exp(rng.uniform(np.log(2), np.log(25))))):
        start = int(rng.integers(length - 64))
        decay_s = float(np.exp(rng.uniform(np.log(0.002), np.log(0.15))))
        time_s = np.arange(min(length - start, int(4 * decay_s * rate) + 64)) / rate
        if rng.random() < 0.6:
            burst = rng.standard_normal(len(time_s))
            burst = np.convolve(burst, np.hanning(int(rng.integers(1, 24)) + 2), "same")
        else:
            pitch_hz = np.exp(rng.uniform(np.log(150), np.log(7000), (3, 1)))
            burst = np.sin(2 * np.pi * pitch_hz * time_s).sum(0)
        burst *= np.exp(-time_s / decay_s) / max(float(np.abs(burst).max()), 1e-6)
        total[start : start + len(time_s)] += gain(rng.uniform(-20, 0)) * burst
    return total


def tilted(x: np.ndarray, rate: int, rng: Generator, depth_db: float) -> np.ndarray:
    """`x` (T,) through a smooth random equaliser, its knots about two octaves apart."""
    slope_db = rng.normal(0, depth_db / 2) * np.arange(len(TILT_HZ))
    return equalised(x, rate, TILT_HZ, rng.normal(0, depth_db, len(TILT_HZ)) + slope_db)


def group_chances(clips: list[Clip], config: TrainingConfig | None = None) -> np.ndarray:
    """(N,) probability of each clip; a group's is that of the root of its length.

    With a config each kind has its share, and clips that reach `FULL_BAND_HZ` count twice.
    """
    lengths: dict[str, int] = {}
    for clip in clips:
        lengths[clip.group] = lengths.get(clip.group, 0) + len(clip.samples)
    weights = np.array([len(c.samples) / np.sqrt(lengths[c.group]) for c in clips], float)
    if config:
        weights *= [1 + (clip.bandwidth_hz >= FULL_BAND_HZ) for clip in clips]
        for kind in {clip.kind for clip in clips}:
            of_kind = np.array([clip.kind == kind for clip in clips])
            weights[of_kind] *= config.kinds[kind] / weights[of_kind].sum()
    return weights / weights.sum() if len(weights) else weights


def gain(db: float | np.ndarray) -> np.ndarray:
    """The amplitude factor of a level in dB."""
    return np.float32(10) ** (np.asarray(db, np.float32) / 20)
