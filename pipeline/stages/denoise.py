"""The Denoise stage: turns down steady noise (hiss, fan, tape, air), and nothing else.

    input ----- spectra ----- SNR of 5 x 5 bins, 1 x 9 at an attack ------ Wiener gain, twice
      |            |                                                             |
      |            +----- x (gain - 1), gain limited by the least gain allowed --+
      |                              |
      +----------------------------- + ----- output

The noise is estimated from minimum statistics of the whole recording (see `noise_floor`), so the
gain looks ahead as well as back; or it is measured in a part that holds nothing else. Neighbouring
time-frequency bins share one SNR, which prevents musical noise. All channels share one gain, so
that sources do not move in the stereo image. The least gain allowed follows from the noise of each
channel.

Source: Yu, Mallat and Bacry 2008, "Audio denoising by time-frequency block thresholding" (a James-
Stein gain of blocks; here they overlap), then an empirical Wiener gain as in Ghael et al. 1997.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from pipeline.analysis.noise_floor import at_frames, noise_track
from pipeline.audio.sound import Audio
from pipeline.dsp.stft import Stft, modify
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages.noise_print import measured

SHORTEST_S = 0.5  # shortest sound in which noise and signal can be distinguished
BIAS = 1.2  # ratio of the mean of the noise to the minimum of its smoothed minima
BLOB, BLOB_SHRINK = (2, 2), 1.8  # reach in frames and bins; power ratio that noise hardly exceeds
ATTACK, ATTACK_SHRINK = (0, 4), 2.0
STORED_SPEED = 120.0  # seconds of one channel a second


@dataclass(frozen=True)
class NoiseReduction:
    """Common part of the stages that turn down steady noise: the noise and the least gain."""

    reduction_db: float = knob(
        30.0, 0, 60, "dB", "How far noise is turned down where there is nothing else; 0 changes "
        "nothing.", label="Noise reduction",
    )  # fmt: skip
    floor_db: float = knob(
        -80.0, -120, -20, "dBFS", "Noise is never turned down below this level; a recording whose "
        "noise is below it is returned unchanged.", label="Noise floor",
    )  # fmt: skip

    noise_from_s: float | None = knob(
        None, 0, None, "s", "Start of a part that holds nothing but the noise, which is then "
        "measured there; automatic estimates it everywhere.", label="Noise print from",
        optional=True,
    )  # fmt: skip
    noise_to_s: float | None = knob(
        None, 0, None, "s", "End of that part; automatic with a start is the end of the recording.",
        label="Noise print to", optional=True,
    )  # fmt: skip
    noise_print: np.ndarray | None = field(default=None, repr=False, compare=False)
    """(C, F) power of the noise, where it has been measured already; see `with_noise_prints`."""

    def __post_init__(self) -> None:
        check_knobs(self)

    @property
    def noise_span_s(self) -> tuple[float, float] | None:
        """(start, end) of the part with nothing but noise; None where there is none."""
        if self.noise_from_s is None and self.noise_to_s is None:
            return None
        return self.noise_from_s or 0.0, math.inf if self.noise_to_s is None else self.noise_to_s

    def noise(self, audio: Audio, stft: Stft, tick: Tick) -> tuple[np.ndarray, np.ndarray] | None:
        """The noise and the least gain allowed; None if there is nothing to do.

        Raises:
            ValueError: the noise print lies outside the sound.

        Returns:
            (S, F) power of the noise, summed over channels (see `noise_track`), and (S, C, F) the
            least gain.
        """
        span_s, power = self.noise_span_s, self.noise_print
        if span_s is not None and power is None:
            power = measured(audio, stft, *span_s)
        if not self.reduction_db or audio.seconds < SHORTEST_S:
            return None
        power = BIAS * noise_track(audio, stft, tick) if power is None else power[None]  # (S, C, F)
        least = least_gain(power, self.reduction_db, self.floor_db)
        return None if not len(power) or least.min() == 1 else (power.sum(axis=1), least)


@dataclass(frozen=True)
class Denoise(NoiseReduction):
    """Turns down steady noise such as hiss; quiet recordings pass unchanged."""

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The quieter sound; the input itself if it has no noise above the floor.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        stft = Stft.of_rate(audio.rate)
        noise = self.noise(audio, stft, share(tick, 0, 0.5))
        if noise is None:
            tick(1.0)
            return audio
        pooled, least = noise[0] + np.float32(1e-20), noise[1]

        def change(spectra: np.ndarray, first: int) -> np.ndarray | None:
            count = spectra.shape[1]
            lowest = at_frames(least, stft, audio.rate, first, count).transpose(1, 0, 2)
            if lowest.min() == 1:
                return None
            power = (spectra.real**2 + spectra.imag**2).sum(axis=0)
            gain = local_gain(power, at_frames(pooled, stft, audio.rate, first, count))
            return spectra * (np.maximum(gain, lowest) - 1)

        context = 2 * BLOB[0]
        return modify(audio, stft, change, context=context, tick=share(tick, 0.5, 1))

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take on one core."""
        return frames / rate * channels / STORED_SPEED


def least_gain(noise: np.ndarray, reduction_db: float, floor_db: float) -> np.ndarray:
    """The least gain for noise of this power: the reduction, but not below the floor."""
    floor = np.float32(10 ** (floor_db / 10))
    least = np.sqrt(floor / np.maximum(noise, floor))
    return np.maximum(least, np.float32(10 ** (-reduction_db / 20)))


def local_gain(power: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(N, F) gains in [0, 1) of power and noise (N, F), by the SNR around each bin."""
    ratio = power / noise
    gain = np.maximum(1 - BLOB_SHRINK / (box_mean(ratio, *BLOB) + np.float32(1e-9)), 0)
    np.maximum(gain, 1 - ATTACK_SHRINK / (box_mean(ratio, *ATTACK) + np.float32(1e-9)), out=gain)
    ratio *= np.square(gain, out=gain)
    snr = box_mean(ratio, *BLOB)
    snr /= snr + 1
    return snr


def box_mean(x: np.ndarray, frames: int, bins: int) -> np.ndarray:
    """(N, F) mean over so many frames and bins on either side; the edges are repeated."""
    n, f = x.shape
    padded = np.pad(x, ((frames, frames), (bins, bins)), mode="edge")
    rows = padded[:n].copy()
    for at in range(1, 2 * frames + 1):
        rows += padded[at : at + n]
    mean = rows[:, :f].copy()
    for at in range(1, 2 * bins + 1):
        mean += rows[:, at : at + f]
    mean *= np.float32(1 / ((2 * frames + 1) * (2 * bins + 1)))
    return mean
