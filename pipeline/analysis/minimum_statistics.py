"""Minimum statistics: the power of the noise in every frequency bin, below all other sound.

Source: Martin 2001, "Noise power spectral density estimation based on optimal smoothing and minimum
statistics": optimal smoothing (eqs. 9 to 12), bias compensation (eqs. 17 to 23), sub-windows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.audio.buffers import release
from pipeline.audio.sound import Audio
from pipeline.dsp.stft import OVERLAP, Stft
from pipeline.stage import Tick, no_tick

STEP = 2  # every second frame is used: half overlapping, as in the paper
SUB_WINDOW_S, SUB_WINDOWS = 0.385, 4  # minimum over 1.54 s
BLOCK = 5  # sub-windows worked on at once
ALPHA_MAX, ALPHA_MIN, BETA_MAX = 0.96, 0.3, 0.8
BIAS_VARIANCE = 2.12  # a_v of eq. 23
MEAN_OF_MINIMUM = (  # M(D) over D, table III
    (1, 2, 5, 8, 10, 15, 20, 30, 40, 60, 80, 120, 140, 160),
    (0, 0.26, 0.48, 0.58, 0.61, 0.668, 0.705, 0.762, 0.8, 0.841, 0.865, 0.89, 0.9, 0.91),
)
MAX_SPREAD = 0.15  # of 2 / Q_eq; noise stays below, and what varies more needs no allowance
SILENT = 1e-14  # mean power of a frame below which it is digital silence


class SubWindows(NamedTuple):
    """Statistics of consecutive stretches of 0.385 s; each (S, C, F)."""

    least: np.ndarray  # compensated minimum of the power, inf where all is digital silence
    level_db: np.ndarray  # mean of the power; float16
    flatness_db: np.ndarray  # geometric over arithmetic mean: -2.5 for noise, 0 for a tone; float16


def sub_windows(audio: Audio, stft: Stft, tick: Tick = no_tick) -> SubWindows:
    """Minimum statistics of a whole recording, frame after frame; S is 0 where no frame fits in.

    The unit is that of |X|^2 of `stft`: white noise of variance s has s in every bin.
    """
    first, last = OVERLAP - 1, (audio.frames - stft.n_fft) // stft.hop + OVERLAP
    count = max(last - first, 0) // STEP  # frames that lie within the sound
    size = frames_in(stft, audio.rate)
    state = _Recursion(audio.channels, stft.bins, min(size * SUB_WINDOWS, max(count, 2)))
    windows = []
    for at in range(0, count, BLOCK * size):
        stop = min(at + BLOCK * size, count)
        begin, end = first + STEP * at, first + STEP * stop
        power = _power(stft.spectra(audio.samples, begin, end - 1, STEP))
        loud = power.mean(axis=2) > 2 * SILENT
        least = state.minima(power, loud, size)
        windows.append((least, *_moments(power, loud, size)))
        release(audio.samples, stft.start(begin), stft.start(end))
        tick(stop / count)
    if not windows:
        return SubWindows(*np.zeros((3, 0, audio.channels, stft.bins), np.float32))
    return SubWindows(*(np.concatenate(part) for part in zip(*windows, strict=True)))


def frames_in(stft: Stft, rate: int) -> int:
    """Frames used in a sub-window."""
    return max(1, round(SUB_WINDOW_S * rate / (STEP * stft.hop)))


def _power(spectra: np.ndarray) -> np.ndarray:
    """|X|^2, kept above zero: its square must still be a number of 32 bits."""
    return spectra.real**2 + spectra.imag**2 + np.float32(SILENT)


def _moments(power: np.ndarray, loud: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Level and flatness in dB, (S, C, F), of what is loud among every `size` frames."""
    starts = np.arange(0, power.shape[1], size)
    audible = loud[..., None].astype(np.float32)
    counts = np.maximum(np.add.reduceat(audible, starts, axis=1), 1)
    mean = np.add.reduceat(power * audible, starts, axis=1) / counts
    log_mean = np.add.reduceat(np.log10(power) * audible, starts, axis=1) / counts
    level = np.log10(mean + np.float32(SILENT))
    pair = (10 * level, 10 * (log_mean - level))
    level_db, flatness_db = (np.swapaxes(x, 0, 1).astype(np.float16) for x in pair)
    return level_db, flatness_db


class _Recursion:
    """The state of C channels by F bins, and what one frame does to it."""

    def __init__(self, channels: int, bins: int, length: int) -> None:
        shape = (channels, bins)
        self.smooth, self.noise, self.least = (np.full(shape, SILENT, np.float32) for _ in "123")
        self.mean, self.square = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.correction = np.ones((channels, 1), np.float32)
        self.audible = np.zeros(channels, bool)
        self.length, self.m = length, float(np.interp(length, *MEAN_OF_MINIMUM))
        self.past: list[np.ndarray] = []  # minima of the sub-windows before this one
        self.least[:] = np.inf

    def minima(self, power: np.ndarray, loud: np.ndarray, size: int) -> np.ndarray:
        """(S, C, F) of as many frames (C, N, F), in sub-windows of `size`."""
        self._start(power, loud)
        windows = []
        for index in range(power.shape[1]):
            self._step(power[:, index], loud[:, index])
            if (index + 1) % size == 0 or index + 1 == power.shape[1]:
                windows.append(self._end_sub_window())
        return np.array(windows)

    def _start(self, power: np.ndarray, loud: np.ndarray) -> None:
        """Channels that become audible begin at the mean of (C, N, F), their `loud` frames."""
        for channel in np.flatnonzero(~self.audible & loud.any(axis=1)):
            mean = power[channel, loud[channel]].mean(axis=0) + SILENT
            self.smooth[channel] = self.noise[channel] = self.mean[channel] = mean
            self.square[channel] = mean**2
            self.audible[channel] = True

    def _step(self, power: np.ndarray, loud: np.ndarray) -> None:
        """Takes one frame, (C, F); channels that are not `loud` wait."""
        if not loud.all():
            power = np.where(loud[:, None], power, self.smooth)
        ratio = self.smooth.sum(1, keepdims=True) / power.sum(1, keepdims=True)
        fit = np.maximum(1 / (1 + (ratio - 1) ** 2), 0.7)
        self.correction = 0.7 * self.correction + 0.3 * fit
        alpha = self.smooth / self.noise
        alpha -= 1
        alpha *= alpha
        alpha += 1
        np.divide(ALPHA_MAX * self.correction, alpha, out=alpha)
        np.maximum(alpha, ALPHA_MIN, out=alpha)
        self.smooth -= power
        self.smooth *= alpha
        self.smooth += power
        np.multiply(alpha, alpha, out=alpha)
        beta = np.minimum(alpha, BETA_MAX, out=alpha)
        squared = np.square(self.smooth)
        for average, value in ((self.mean, self.smooth), (self.square, squared)):
            average -= value
            average *= beta
            average += value
        variance = self.square - np.square(self.mean)
        variance /= np.square(self.noise)
        np.clip(variance, 1e-3, MAX_SPREAD, out=variance)  # 2 / Q_eq
        self._take_minimum(variance, loud)

    def _take_minimum(self, spread: np.ndarray, loud: np.ndarray) -> None:
        mean_bias = 1 + BIAS_VARIANCE * np.sqrt(0.5 * spread.mean(1, keepdims=True))
        bias = (2 - self.m * 2 * spread) / ((1 - self.m) * spread)  # (Q_eq - 2 M) / (1 - M)
        np.divide(2 * (self.length - 1), bias, out=bias)
        bias += 1
        bias *= mean_bias * self.smooth
        if not loud.all():
            bias[~loud] = np.inf
        np.minimum(self.least, bias, out=self.least)

    def _end_sub_window(self) -> np.ndarray:
        """(C, F): the minimum of the sub-window that ends here; inf for silent channels."""
        ended, self.least = self.least, np.full_like(self.least, np.inf)
        self.past = [*self.past[1 - SUB_WINDOWS :], ended]
        least = np.minimum.reduce(self.past)
        np.copyto(self.noise, least, where=np.isfinite(least))
        return ended
