"""The Snmf stage: semi-supervised non-negative matrix factorisation separates music from noise.

    power of all channels (F, T)  =  W H           +  noise
                                     learned here     from minimum statistics, held fixed

    gain = W H / (W H + noise), or the gain of Denoise where that is higher (sounds that do not
    repeat); the same for all channels

With `noise_atoms` there is more noise than the steady one: noise + H_n W_n. The spectra W_n are
learned from the quietest frames and held fixed; H_n follows each frame, up to its level in those.

Each block of 2048 frames, about 24 s, has its own dictionary; blocks cross-fade over 256 frames.
They lie on a fixed grid, so the result does not depend on how the sound is read.

Source: Smaragdis, Raj and Shashanka 2007, "Supervised and semi-supervised separation of sounds from
single-channel mixtures"; Ensoli and Massignan 2025 for the dictionary of noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.noise_floor import at_frames
from pipeline.audio.sound import Audio
from pipeline.dsp.nmf import initial, update
from pipeline.dsp.stft import Stft, modify
from pipeline.knobs import knob
from pipeline.stage import Tick, no_tick, share
from pipeline.stages.denoise import NoiseReduction, local_gain

BLOCK, FADE = 2048, 256  # frames
OVER = 1.5  # factor on the estimated noise, so that its peaks are not taken for music
TINY = 1e-9  # of the mean power: prevents divisions by zero
QUIETEST = 0.1  # share of the frames that spectra of the noise are learned from, besides those
NEAR_FLOOR = 2.0  # times the steady noise or quieter
PEAK = 4.0  # times the steady noise: what stands higher in a quiet frame may be music
LOUDEST = 0.9  # quantile of a noise spectrum's gains in quiet frames that limits all its gains
DICTIONARY_ITERATIONS = 30
STORED_SPEED = 30.0  # seconds of one channel a second


@dataclass(frozen=True)
class Snmf(NoiseReduction):
    """Turns down steady noise under music; slower than Denoise, keeps more of repeating sounds."""

    atoms: int = knob(32, 4, 128, "", "Number of spectra that make up 24 s of music.")
    iterations: int = knob(20, 1, 200, "", "Steps of the fit; more take longer.")
    noise_atoms: int = knob(
        0, 0, 32, "", "Number of spectra of noise that changes over time; 0 takes the steady noise "
        "only.", label="Noise spectra",
    )  # fmt: skip

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
        spectra = self.atoms + self.noise_atoms
        return frames / rate * channels / STORED_SPEED * spectra * self.iterations / 640

    def _gain(self, power: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """(T, F) gains in [0, 1] from power and noise (T, F)."""
        scale = np.float32(1 / (power.mean() + 1e-20))
        power, noise = power * scale + TINY, noise * scale + TINY
        w, h = initial(power, self.atoms)
        if self.noise_atoms:
            spectra, most = self._noise_spectra(power, noise)
            w = np.concatenate((w, spectra))
            h = np.concatenate((h, np.tile(most, (len(h), 1))), axis=1)
        for _ in range(self.iterations):
            update(power, noise, w, h, free=self.atoms)
            if self.noise_atoms:
                np.minimum(h[:, self.atoms :], most, out=h[:, self.atoms :])
        music = h[:, : self.atoms] @ w[: self.atoms]
        noise = noise + h[:, self.atoms :] @ w[self.atoms :]
        music /= music + noise
        return np.maximum(music, local_gain(power, noise / np.float32(OVER)))

    def _noise_spectra(self, power: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Spectra (K, F) of what quiet frames have besides the steady noise; largest gains (K,)."""
        quiet = _quiet(power, noise)
        noise = noise[quiet]
        power = np.minimum(power[quiet], np.float32(PEAK) * noise)
        w, h = initial(power, self.noise_atoms)
        for _ in range(DICTIONARY_ITERATIONS):
            update(power, noise, w, h)
        return w, np.quantile(h, LOUDEST, axis=0).astype(np.float32)


def _quiet(power: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(T,) whether a frame of power and noise (T, F) is among the quietest, or near the noise."""
    level = power.sum(axis=1)
    quiet: np.ndarray = level <= np.quantile(level, QUIETEST)
    return quiet | (level <= NEAR_FLOOR * noise.sum(axis=1))


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
