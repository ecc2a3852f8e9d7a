"""The Denoise stage: turns steady noise (hiss, fan, tape, air) down, and nothing else.

    input ----- spectra ----- SNR of 5 x 5 cells, 1 x 9 at an attack ----- Wiener gain, twice
      |            |                                                             |
      |            +---------- x (gain - 1), gain not below the least -----------+
      |                              |
      +----------------------------- + ----- output

The noise comes from minimum statistics over the whole recording (see `noise_floor`), so the gain
can look back and forth alike. Cells in a neighbourhood share one SNR, so that single cells of noise
never twinkle (musical noise). Two channels share one gain: were each to have its own, what comes
from the middle would wander; so both keep the level difference they have. How far it may go down
is decided for each channel by the noise it has.

Source: Yu, Mallat and Bacry 2008, "Audio denoising by time-frequency block thresholding" (a James-
Stein gain of blocks, here overlapping ones), then an empirical Wiener gain as in Ghael et al. 1997.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.analysis.noise_floor import at_frames, noise_track
from pipeline.audio.sound import Audio
from pipeline.dsp.stft import Stft, changed
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share

SHORTEST_S = 0.5  # of a sound in which noise can be told from signal
BIAS = 1.2  # the minimum of smoothed minima lies so much below the mean
BLOB, BLOB_SHRINK = (2, 2), 1.8  # reach in frames and bins; power that noise alone hardly reaches
ATTACK, ATTACK_SHRINK = (0, 4), 2.0
STORED_SPEED = 120.0  # seconds of one channel a second


@dataclass(frozen=True)
class NoiseReduction:
    """What the stages that turn down steady noise share: how far, and where there is any."""

    reduction_db: float = knob(
        30.0, 0, 60, "dB", "How far noise is turned down where there is nothing else; 0 changes "
        "nothing.", label="Noise reduction",
    )  # fmt: skip
    floor_db: float = knob(
        -80.0, -120, -20, "dBFS", "Noise is never turned down below this level, and a recording "
        "whose noise lies below it is left as it is.", label="Noise floor",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_knobs(self)

    def found(self, audio: Audio, stft: Stft, tick: Tick) -> tuple[np.ndarray, np.ndarray] | None:
        """The noise, and how far it may be turned down; None where there is nothing to do.

        Returns:
            (S, F) its power in all channels together (see `noise_track`), and (S, C, F) the
            smallest gain allowed.
        """
        if not self.reduction_db or audio.seconds < SHORTEST_S:
            return None
        noise = BIAS * noise_track(audio, stft, tick)  # (S, C, F)
        least = least_gain(noise, self.reduction_db, self.floor_db)
        return None if not len(noise) or least.min() == 1 else (noise.sum(axis=1), least)


@dataclass(frozen=True)
class Denoise(NoiseReduction):
    """Turns down steady noise such as hiss; quiet recordings pass unchanged."""

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The quieter sound; the input itself where there is no noise above the floor.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        stft = Stft.of_rate(audio.rate)
        found = self.found(audio, stft, share(tick, 0, 0.5))
        if found is None:
            tick(1.0)
            return audio
        pooled, least = found[0] + np.float32(1e-20), found[1]

        def change(spectra: np.ndarray, first: int) -> np.ndarray | None:
            count = spectra.shape[1]
            lowest = at_frames(least, stft, audio.rate, first, count).transpose(1, 0, 2)
            if lowest.min() == 1:
                return None
            power = (spectra.real**2 + spectra.imag**2).sum(axis=0)
            gain = local_gain(power, at_frames(pooled, stft, audio.rate, first, count))
            return spectra * (np.maximum(gain, lowest) - 1)

        context = 2 * BLOB[0]
        return changed(audio, stft, change, context=context, tick=share(tick, 0.5, 1))

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds the work will take on one core."""
        return frames / rate * channels / STORED_SPEED


def least_gain(noise: np.ndarray, reduction_db: float, floor_db: float) -> np.ndarray:
    """As far as noise of this power may be turned down: by the reduction, not below the floor."""
    floor = np.float32(10 ** (floor_db / 10))
    least = np.sqrt(floor / np.maximum(noise, floor))
    return np.maximum(least, np.float32(10 ** (-reduction_db / 20)))


def local_gain(power: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(N, F) in [0, 1) of power and noise (N, F): what each cell's neighbourhood says."""
    ratio = power / noise
    gain = np.maximum(1 - BLOB_SHRINK / (box_mean(ratio, *BLOB) + np.float32(1e-9)), 0)
    np.maximum(gain, 1 - ATTACK_SHRINK / (box_mean(ratio, *ATTACK) + np.float32(1e-9)), out=gain)
    ratio *= np.square(gain, out=gain)
    snr = box_mean(ratio, *BLOB)
    snr /= snr + 1
    return snr


def box_mean(x: np.ndarray, frames: int, bins: int) -> np.ndarray:
    """(N, F): the mean of so many frames and bins on either side; the ends are repeated."""
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
