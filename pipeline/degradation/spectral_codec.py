"""A codec of few bits as a degradation, by arithmetic: coarse levels of bands, loose phases.

Codecs that are learned differ, and so do their faults. What they share is drawn here at will: the
levels of bands come back with errors, more of them where it is quiet; the fine structure within a
band is only partly that of the voice, the less the higher it lies; and pauses have a floor of the
codec's own. A net that learns from many such codecs cannot rely on the faults of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.degradation.effects import fit, resampled
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

RATE = 24_000  # Hz, inside
N_FFT, HOP = 640, 160  # samples
STFT = {"fs": RATE, "nperseg": N_FFT, "noverlap": N_FFT - HOP}
QUIET = 1e-14  # power under logarithms, below that of 16-bit rounding
SOFT_DB = 8.0  # width of the change from loud to quiet


@dataclass(frozen=True)
class SpectralCodec:
    """Through a codec at 24 kHz that keeps levels and phases in part; no delay.

    Source: band levels and noise in place of fine structure as in Schulz 1996, "Improving audio
    codecs by noise substitution".
    """

    bands: int = knob(48, 8, 200, "", "Bands whose levels are kept, evenly spaced in mel.")
    frames: int = knob(2, 1, 8, "", "Frames of 7 ms that share a level.")
    step_db: float = knob(2.0, 0, 20, "dB", "Step to which the levels are rounded.")
    error_db: float = knob(2.0, 0, 20, "dB", "Standard deviation of a level's error.")
    tilt_db: float = knob(0.0, -12, 12, "dB", "Lasting error at 12 kHz; none at 0 Hz.")
    depth_db: float = knob(45.0, 5, 120, "dB", "Levels further below the loudest are coded badly.")
    sink: float = knob(
        0.0, -0.9, 2, "", "Decibels by which these fall further, for each of theirs."
    )
    coherence: float = knob(0.8, 0, 1, "", "Share of the fine structure that is kept at 0 Hz.")
    coherent_hz: float = knob(3000.0, 100, 24_000, "Hz", "Where half of that is left.")
    harmonic: float = knob(0.5, 0, 1, "", "Share of the rest that keeps the harmonics' pattern.")
    floor_db: float = knob(-85.0, -140, -40, "dB", "Level of its own noise, re full scale.")
    seed: int = knob(0, 0, 2**31 - 1, "", "Chooses the errors.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The decoded sound; silence is returned as it is."""
        if not audio.samples.any():
            return audio
        rng = np.random.default_rng(self.seed)
        inside = resampled(audio.samples, audio.rate, RATE)
        rows = [self._coded(row, rng) for row in inside]
        tick(1.0)
        back = resampled(np.stack(rows).astype(np.float32), RATE, audio.rate)
        return Audio(fit(back.astype(np.float32), audio.frames), audio.rate)

    def _coded(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(T,) after the codec."""
        from scipy import signal

        padded = np.pad(x, (N_FFT, N_FFT + -len(x) % HOP))
        spectrum = signal.stft(padded, **STFT)[2]  # (F, N), of full scale 1
        power = np.square(np.abs(spectrum)) + QUIET
        spread = _mel_bands(self.bands, len(power))  # (F, K), rows sum to one
        pool = spread / spread.sum(0)
        smooth = spread @ self._held(pool.T @ power)
        level = spread @ self._with_errors(self._held(pool.T @ power), rng)
        coded = np.sqrt(level) * self._fine(spectrum, power, smooth, rng)
        coded += 10 ** (self.floor_db / 20) * np.sqrt(1.5 / N_FFT) * _noise(coded.shape, rng)
        return signal.istft(coded, **STFT)[1][N_FFT : N_FFT + len(x)]

    def _held(self, power: np.ndarray) -> np.ndarray:
        """(K, N) with each group of `frames` at its mean."""
        starts = np.arange(0, power.shape[1], self.frames)
        counts = np.diff(np.append(starts, power.shape[1]))
        means = np.add.reduceat(power, starts, axis=1) / counts
        return np.repeat(means, counts, axis=1)

    def _with_errors(self, power: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(K, N) powers as they are decoded."""
        level_db = 10 * np.log10(power)
        below_db = level_db.max() - self.depth_db - level_db  # positive where it is quiet
        quiet_db = SOFT_DB * np.logaddexp(0, below_db / SOFT_DB)
        error_db = (
            self.error_db * (1 + quiet_db / 20) * _smooth_noise(power.shape, self.frames, rng)
        )
        tilt_db = self.tilt_db * np.linspace(0, 1, len(power))[:, None] ** 2
        coded_db = level_db - self.sink * quiet_db + error_db + tilt_db
        if self.step_db:
            coded_db = self.step_db * np.round(coded_db / self.step_db)
        return 10 ** (np.minimum(coded_db, level_db.max() + 6) / 10)

    def _fine(
        self, spectrum: np.ndarray, power: np.ndarray, smooth: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """(F, N) fine structure of unit power: the voice's own in part, the rest of loose phase."""
        from scipy.ndimage import uniform_filter

        hz = np.linspace(0, RATE / 2, len(power))[:, None]
        kept = self.coherence / (1 + np.square(hz / self.coherent_hz))
        quiet_db = 10 * np.log10(smooth.max() / smooth) - self.depth_db
        kept = kept / (1 + np.exp(np.clip(quiet_db / SOFT_DB, -30, 30)))
        own = spectrum / np.sqrt(smooth)
        pattern = np.sqrt(uniform_filter(power, (1, 5)) / smooth)
        shape = self.harmonic * pattern + (1 - self.harmonic)
        return kept * own + np.sqrt(1 - np.square(kept)) * shape * _noise(power.shape, rng)


def _mel_bands(count: int, n_bins: int) -> np.ndarray:
    """(F, K) weight of each band in each bin; rows sum to one."""
    bins = np.arange(n_bins)
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    hz = 700 * (10 ** (np.linspace(0, top, count) / 2595) - 1)
    centres = np.maximum(hz / (RATE / 2) * (n_bins - 1), np.arange(count))  # a bin apart at least
    above = np.searchsorted(centres, bins).clip(1, count - 1)
    share = ((bins - centres[above - 1]) / np.diff(centres)[above - 1]).clip(0, 1)
    weights = np.zeros((n_bins, count))
    weights[bins, above - 1] = 1 - share
    weights[bins, above] += share
    return weights


def _noise(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(F, N) spectrum of white noise, of unit power.

    Frames that were drawn one by one would cancel each other in part where they overlap.
    """
    from scipy import signal

    white = rng.standard_normal((shape[1] - 1) * HOP) * np.sqrt(N_FFT / 1.5)
    return signal.stft(white, **STFT)[2]


def _smooth_noise(shape: tuple[int, int], frames: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of unit power, alike in neighbouring bands and within some frames."""
    from scipy.ndimage import gaussian_filter

    rough = gaussian_filter(rng.standard_normal(shape), (1.0, frames))
    return rough / max(float(rough.std()), 1e-9)
