"""What is added to a recording, as stages: noise at an SNR, dither, mains hum, clicks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import Noise, coloured_noise
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

CLICKS = ("impulses", "bursts", "crackle")


@dataclass(frozen=True)
class NoiseAtSnr:
    """Adds coloured noise at a signal-to-noise ratio; silence stays silent."""

    snr_db: float = knob(20.0, -20, 80, "dB", "Level of the sound above the noise.", label="SNR")
    slope: float = knob(0.0, -2, 2, "", "0 is white, 1 pink, 2 brown; below 0 it hisses.")
    seed: int = knob(0, 0, None, "", "Same seed, same noise.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        if not audio.samples.any():
            return audio
        noise = coloured_noise(audio.samples.shape, audio.rate, self.slope, self.seed)
        return Audio(
            audio.samples + noise * gain_for(audio.samples, noise, self.snr_db), audio.rate
        )


@dataclass(frozen=True)
class Dither:
    """Adds a faint white Gaussian noise, as a converter does."""

    level_db: float = knob(
        -93.0, -140, -40, "dBFS", "Level of the noise, each channel its own.", label="Level"
    )
    seed: int = knob(0, 0, None, "", "Same seed, same noise.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        return Noise(self.level_db, 0.0, self.seed)(audio)


@dataclass(frozen=True)
class Hum:
    """Adds mains hum: a tone and its harmonics, each weaker than the one before, in all channels.

    The harmonics' phases are drawn; their amplitudes fall as one over their number.
    """

    mains_hz: int = knob(50, choices=(50, 60), help="Frequency of the mains.")
    level_db: float = knob(-40.0, -90, 0, "dBFS", "Level of all harmonics together.", label="Level")
    harmonics: int = knob(8, 1, 40, "", "How many there are, the fundamental included.")
    seed: int = knob(0, 0, None, "", "Same seed, same phases.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        rng = np.random.default_rng(self.seed)
        phase = 2 * np.pi * self.mains_hz / audio.rate * np.arange(audio.frames)
        numbers = np.arange(1, self.harmonics + 1)
        hum = np.zeros(audio.frames)
        for number, shift in zip(numbers, rng.uniform(0, 2 * np.pi, self.harmonics), strict=True):
            if number * self.mains_hz < audio.rate / 2:
                hum += np.sin(number * phase + shift) / number
        gain = 10 ** (self.level_db / 20) / np.sqrt(0.5 * np.sum(1.0 / numbers**2))
        return Audio(audio.samples + (gain * hum).astype(np.float32), audio.rate)


@dataclass(frozen=True)
class Clicks:
    """Adds clicks, pops or crackle, each channel its own; silence stays silent."""

    kind: str = knob("bursts", choices=CLICKS, help="Single samples, short bursts, or crackle.")
    per_minute: float = knob(120.0, 1, 6000, "", "How many a minute.", label="Clicks a minute")
    level: float = knob(80.0, 5, 100, "%", "Height of the loudest, as a share of the peak.")
    seed: int = knob(0, 0, None, "", "Same seed, same clicks.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        rows = [
            row
            + click_track(self.kind, row, audio.rate, self.per_minute, [self.seed, at], self.level)
            for at, row in enumerate(audio.samples)
        ]
        return Audio(np.stack(rows), audio.rate)


def click_track(
    kind: str,
    like: np.ndarray,
    rate: int,
    per_minute: float,
    seed: int | list[int] = 0,
    loudest: float = 80.0,
) -> np.ndarray:
    """(T,) clicks alone: peaks from 5 % of the sound's to `loudest` %, evenly in decibels.

    Args:
        kind: one of CLICKS: single samples, decaying noise of 0.2 to 2 ms, or of up to 0.3 ms.
        like: (T,) the sound that they are to be added to.
    """
    rng = np.random.default_rng(seed)
    clicks = np.zeros(like.size)
    longest = {"impulses": 0, "bursts": 0.002, "crackle": 0.0003}[kind]
    shortest = 0.0002 if kind == "bursts" else 0
    last = max(1, like.size - rate // 100)
    for at in rng.integers(0, last, round(per_minute * like.size / rate / 60)):
        length = max(1, round(rng.uniform(shortest, longest) * rate))
        shape = rng.standard_normal(length) * np.exp(-4 * np.arange(length) / length)
        level = np.abs(like).max() * np.exp(rng.uniform(np.log(0.05), np.log(loudest / 100)))
        clicks[at : at + length] += (level * shape / np.abs(shape).max())[: like.size - at]
    return clicks.astype(np.float32)


def gain_for(clean: np.ndarray, noise: np.ndarray, wanted_db: float) -> np.float32:
    """The factor that brings `noise` to a signal-to-noise ratio."""
    ratio = np.sqrt(np.mean(clean**2) + 1e-12) / np.sqrt(np.mean(noise**2) + 1e-12)
    return np.float32(ratio * 10 ** (-wanted_db / 20))
