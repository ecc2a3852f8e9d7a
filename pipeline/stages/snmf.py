"""The Snmf stage: semi-supervised non-negative matrix factorisation separates music from noise.

    power of all channels (F, T)  =  W H           +  noise
                                     learned here     from minimum statistics, held fixed

    gain = W H / (W H + noise), or the gain of Denoise where that is higher (sounds that do not
    repeat); the same for all channels

Each block of 2048 frames, about 24 s, has its own dictionary; blocks cross-fade over 256 frames.
They lie on a fixed grid, so the result does not depend on how the sound is read.

Source: Smaragdis, Raj and Shashanka 2007, "Supervised and semi-supervised separation of sounds from
single-channel mixtures"; Lee and Seung 2001 for the updates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.noise_floor import at_frames
from pipeline.audio.sound import Audio
from pipeline.dsp.stft import Stft, modify
from pipeline.knobs import knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages.denoise import NoiseReduction, local_gain

BLOCK, FADE = 2048, 256  # frames
OVER = 1.5  # factor on the estimated noise, so that its peaks are not taken for music
TINY = 1e-9  # of the mean power: prevents divisions by zero
STORED_SPEED = 30.0  # seconds of one channel a second


@dataclass(frozen=True)
class Snmf(NoiseReduction):
    """Turns down steady noise under music; slower than Denoise, keeps more of repeating sounds."""

    atoms: int = knob(32, 4, 128, "", "Number of spectra that make up 24 s of music.")
    iterations: int = knob(20, 1, 200, "", "Steps of the fit; more take longer.")

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The quieter sound; the input itself if it has no noise above the floor.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        stft = Stft.of_rate(audio.rate)
        noise = self.noise(audio, stft, share(tick, 0, 0.2))
        if noise is None:
            tick(1.0)
            return audio
        pooled, least = OVER * noise[0], noise[1]

        def gain_of(first: int, last: int) -> np.ndarray:
            fixed = at_frames(pooled, stft, audio.rate, first, last - first)
            if at_frames(least, stft, audio.rate, first, last - first).min() == 1:
                return np.ones_like(fixed)
            return self._gain(_power(audio, stft, first, last), fixed)

        gains = _Blocks(stft.n_frames(audio.frames), gain_of)

        def change(spectra: np.ndarray, first: int) -> np.ndarray:
            count = spectra.shape[1]
            lowest = at_frames(least, stft, audio.rate, first, count).transpose(1, 0, 2)
            return spectra * (np.maximum(gains.between(first, first + count), lowest) - 1)

        return modify(audio, stft, change, context=0, tick=share(tick, 0.2, 1))

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the stage will take on one core."""
        return frames / rate * channels / STORED_SPEED * self.atoms * self.iterations / 640

    def _gain(self, power: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """(T, F) gains in [0, 1] from power and noise (T, F)."""
        scale = np.float32(1 / (power.mean() + 1e-20))
        power, noise = power * scale + TINY, noise * scale + TINY
        w, h = initial(power, self.atoms)
        for _ in range(self.iterations):
            update(power, noise, w, h)
        music = h @ w
        music /= music + noise
        return np.maximum(music, local_gain(power, noise / np.float32(OVER)))


def initial(power: np.ndarray, atoms: int) -> tuple[np.ndarray, np.ndarray]:
    """Initial spectra W (K, F), each summing to one, and gains H (T, K).

    The spectra are those of random frames (with a fixed seed) plus a little of the mean power.
    """
    rng = np.random.default_rng(0)
    w = power[rng.integers(0, len(power), atoms)]
    w = w + np.float32(0.1 * power.mean()) * rng.random(w.shape, np.float32)
    w /= w.sum(axis=1, keepdims=True)
    h = np.repeat(power.sum(axis=1, keepdims=True) / np.float32(atoms), atoms, axis=1)
    return w, h


def update(power: np.ndarray, noise: np.ndarray, w: np.ndarray, h: np.ndarray) -> None:
    """One multiplicative update of H, then of W, in place; the divergence does not increase.

    Args:
        power, noise: (T, F), above zero.
        w, h: (K, F) and (T, K); the rows of W sum to one before and after.
    """
    h *= (power / (h @ w + noise)) @ w.T
    w *= h.T @ (power / (h @ w + noise))
    total = w.sum(axis=1, keepdims=True) + np.float32(1e-20)
    h_sum = h.sum(axis=0)[:, None] + np.float32(1e-20)
    w /= total
    h *= (total / h_sum).T


def _power(audio: Audio, stft: Stft, first: int, last: int) -> np.ndarray:
    """(T, F) power, summed over channels; computed in parts."""
    parts = []
    for at in range(first, last, 192):
        spectra = stft.spectra(audio.samples, at, min(at + 192, last))
        parts.append((spectra.real**2 + spectra.imag**2).sum(axis=0))
    return np.concatenate(parts)


class _Blocks:
    """The gains of all frames, computed block by block on demand; the last two blocks are kept."""

    def __init__(self, count: int, gain_of: Callable[[int, int], np.ndarray]) -> None:
        self.count, self.gain_of = count, gain_of
        last = max(count - BLOCK, 0)
        self.starts = [*range(0, last, BLOCK - FADE), last]
        self._kept: dict[int, np.ndarray] = {}

    def between(self, first: int, last: int) -> np.ndarray:
        """(T, F) gains of the frames from `first` to before `last`."""
        total = weights = np.zeros((last - first, 1), np.float32)
        for start in self.starts:
            low, high = max(first, start), min(last, start + BLOCK, self.count)
            if low < high:
                at = np.arange(first, last) - start
                weight = np.clip(np.minimum(at + 1, BLOCK - at) / FADE, 0, 1)[:, None]
                gain = np.zeros((last - first, self._block(start).shape[1]), np.float32)
                gain[low - first : high - first] = self._block(start)[low - start : high - start]
                total, weights = total + weight.astype(np.float32) * gain, weights + weight
        gains: np.ndarray = total / weights
        return gains.astype(np.float32)

    def _block(self, start: int) -> np.ndarray:
        if start not in self._kept:
            self._kept = {at: gain for at, gain in self._kept.items() if at >= start - BLOCK}
            self._kept[start] = self.gain_of(start, min(start + BLOCK, self.count))
        return self._kept[start]
