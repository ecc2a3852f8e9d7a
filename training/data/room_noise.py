"""Noise floors like those of real rooms and microphones, measured or synthetic.

Real recordings have a floor up to their Nyquist frequency, lossy sources do not. A net that sees no
floor learns to restore none; level and colour of a floor it can read from the band that is left.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.random import Generator

from pipeline.audio.buffers import release
from pipeline.degradation.effects import noise_floor
from pipeline.dsp import framing
from training.data.clips import Clip

KNOTS_HZ = np.array([60, 120, 250, 500, 1000, 2000, 3000, 4000, 5500, 7500, 10_000, 13_000,
                     16_000, 18_500, 21_000, 23_500], dtype=float)  # fmt: skip
N_FFT = 2048
MOST_FRAMES = 20_000  # that are measured, 7 minutes at 48 kHz; a longer recording has gaps between
BLOCK_FRAMES = 1024  # transformed at once
PERCENTILE, PAUSES = 10, 0.5  # of the frames' levels, and the share of frames that are quiet
MEAN_DB = -10 * np.log10(-np.log(1 - PERCENTILE / PAUSES / 100))  # a bin's power is exponential
SILENT_DB = -115.0  # below what 16 bits can hold: not the floor of a room
SPEECH_RANGE_DB = 30.0  # loud over quiet moments of speech with pauses
MEASURED_SHARE = 0.3
COVERED_SHARE = 0.8  # of the examples whose drawn floor lies over that of the recording
COVER_DB = (-2.0, 8.0)  # over it, at REFERENCE
LOUDEST_DB = -58.0  # of a floor at 4 kHz
REFERENCE = int(np.flatnonzero(KNOTS_HZ == 3000)[0])


class Rooms:
    """Floors to add to a voice whose recording peaks at one half.

    Args:
        clips: their floors are measured, where they reach the top of the band.
        rate: Hz, of the clips and of the floors.
    """

    def __init__(self, clips: list[Clip], rate: int) -> None:
        self.rate = rate
        self.measured: dict[str, list[np.ndarray]] = {}
        self._own_db: dict[Path, float] = {}
        for clip in clips:
            full = clip.bandwidth_hz > 0.47 * rate  # others have lost their floor at the top
            if clip.kind == "speech" and full and len(clip.samples) > rate:
                floor_db, range_db = measure(clip.samples, clip.peak, rate)
                if floor_db.min() > SILENT_DB and range_db > SPEECH_RANGE_DB:
                    corpus = clip.group.split("_")[0]  # one studio, many speakers
                    self.measured.setdefault(corpus, []).append(floor_db)

    def draw(self, rng: Generator, length: int, clip: Clip | None = None) -> np.ndarray:
        """(T,) float32 noise of a measured or synthetic colour.

        Args:
            rng: draws colour, level and noise.
            length: T.
            clip: to which it is added. Mostly it covers the clip's own floor: of many recordings
                the treble of that has been lost, and a net would learn that none belongs there.
        """
        if self.measured and rng.random() < MEASURED_SHARE:
            floors = self.measured[sorted(self.measured)[rng.integers(len(self.measured))]]
            colour_db = floors[rng.integers(len(floors))] + rng.normal(0, 6)
            colour_db = colour_db + rng.normal(0, 0.7) * np.log2(KNOTS_HZ / 4000)
        else:
            colour_db = synthetic_floor(rng)
        if clip is not None and rng.random() < COVERED_SHARE:
            least_db = self._floor_of(clip) + rng.uniform(*COVER_DB)
            colour_db = colour_db + max(0.0, least_db - colour_db[REFERENCE])
        return noise_floor(rng, (1, length), self.rate, KNOTS_HZ, colour_db)[0]

    def _floor_of(self, clip: Clip) -> float:
        """Density in dB of a clip's pauses at 3 kHz, as if it peaked at one half.

        At most LOUDEST_DB, and -inf for what is not speech with pauses.
        """
        if clip.path not in self._own_db:
            floor_db, range_db = -np.inf, 0.0
            if clip.kind == "speech" and len(clip.samples) > self.rate:
                measured, range_db = measure(clip.samples, clip.peak, self.rate)
                floor_db = min(measured[REFERENCE], LOUDEST_DB)
            self._own_db[clip.path] = float(floor_db if range_db > SPEECH_RANGE_DB else -np.inf)
        return self._own_db[clip.path]


def synthetic_floor(rng: Generator) -> np.ndarray:
    """(K,) density in dB at `KNOTS_HZ`: falling to 4 kHz, then either way, and again above 10 kHz.

    Studios differ by 25 dB at 20 kHz, relative to 3 kHz; a band limit hides which it was.
    """
    low, middle, top = rng.uniform(-9, 0), rng.uniform(-9, 2), rng.uniform(-10, 13)
    octaves = np.log2(KNOTS_HZ / 4000)
    above = np.clip((KNOTS_HZ - 10_000) / 14_000, 0, None)
    shape_db = np.where(octaves < 0, low * octaves, middle * np.minimum(octaves, np.log2(2.5)))
    return rng.uniform(-104, LOUDEST_DB) + shape_db + top * above


def measure(samples: np.ndarray, peak: float, rate: int) -> tuple[np.ndarray, float]:
    """The floor of a recording (T,) with this peak, and how far its loud moments are above it.

    Returns:
        (K,) density in dB at `KNOTS_HZ` of its quiet moments, as if the recording peaked at one
        half, where 0 dB is white noise of standard deviation 1; and the range in dB, 1 to 4 kHz.
    """
    window = np.hanning(N_FFT).astype(np.float32)
    frames = framing.frames(samples, N_FFT, N_FFT // 2)
    frames = frames[:: -(-len(frames) // MOST_FRAMES)]
    scale = np.sum(window**2)
    starts = range(0, len(frames), BLOCK_FRAMES)
    spectra = (np.fft.rfft(frames[start : start + BLOCK_FRAMES] * window) for start in starts)
    power = np.concatenate([np.abs(spectrum) ** 2 / scale for spectrum in spectra])
    release(samples[None], 0, len(samples))
    quiet, loud = np.percentile(power, (PERCENTILE, 95), axis=0) + 1e-14
    frequency = np.fft.rfftfreq(N_FFT, 1 / rate)
    near = np.abs(np.log(np.maximum(frequency, 1)[None] / KNOTS_HZ[:, None])) < 0.12
    near[np.arange(len(KNOTS_HZ)), np.abs(frequency[None] - KNOTS_HZ[:, None]).argmin(1)] = True
    floor = (near * quiet).sum(1) / near.sum(1)
    peak_db = 20 * np.log10(np.float32(peak) / 0.5)
    middle = (frequency > 1000) & (frequency < 4000)
    range_db = 10 * float(np.log10(loud[middle] / quiet[middle]).mean())
    return 10 * np.log10(floor) + MEAN_DB - peak_db, range_db
