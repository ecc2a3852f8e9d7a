"""Degradations as stages: band limits, coarse steps, clipping, echoes, noise; no delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

METHODS = ("sinc", "linear", "hold")
FAMILIES = ("sinc", "butterworth", "chebyshev", "resample")


@dataclass(frozen=True)
class BandLimit:
    """Removes the band above a cut-off, without delay (the IIR filters run both ways)."""

    cutoff_hz: float = knob(4000.0, 500, 24_000, "Hz", "Highest frequency that is kept.")
    family: str = knob("resample", choices=FAMILIES, help="Shape of the filter.")
    order: int = knob(8, 2, 16, "", "Order of an IIR filter; steepness of the others.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        if self.cutoff_hz >= 0.49 * audio.rate:
            return audio
        method = {"sinc": self._sinc, "resample": self._resample}.get(self.family, self._iir)
        return Audio(np.ascontiguousarray(method(audio), dtype=np.float32), audio.rate)

    def _sinc(self, audio: Audio) -> np.ndarray:
        from scipy import signal

        n_taps = 2 * (self.order * 16 * audio.rate // int(2 * self.cutoff_hz)) + 1
        taps = signal.firwin(n_taps, self.cutoff_hz, fs=audio.rate)
        return signal.oaconvolve(audio.samples, taps[None], mode="same", axes=-1)

    def _iir(self, audio: Audio) -> np.ndarray:
        from scipy import signal

        design = (
            signal.butter(self.order, self.cutoff_hz, output="sos", fs=audio.rate)
            if self.family == "butterworth"
            else signal.cheby1(self.order, 0.1, self.cutoff_hz, output="sos", fs=audio.rate)
        )
        pad = min(audio.samples.shape[1] - 1, 512)
        return signal.sosfiltfilt(design, audio.samples, padlen=pad)

    def _resample(self, audio: Audio) -> np.ndarray:
        quality = "VHQ" if self.order > 12 else "HQ" if self.order > 6 else "MQ"
        low = round(2 * self.cutoff_hz)
        down = resampled(audio.samples, audio.rate, low, quality)
        return fit(resampled(down, low, audio.rate), audio.frames)


@dataclass(frozen=True)
class MuLaw:
    """Eight-bit companding of telephone sound (ITU-T G.711's law, continuous form, 256 steps)."""

    mu: float = knob(255.0, 15, 1023, "", "The law's parameter.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        x = np.clip(audio.samples, -1, 1)
        squeezed = np.sign(x) * np.log1p(self.mu * np.abs(x)) / np.log1p(self.mu)
        steps = np.round(squeezed * 127.5 - 0.5) / 127.5 + 0.5 / 127.5
        y = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(self.mu)) / self.mu
        return Audio(y.astype(np.float32), audio.rate)


@dataclass(frozen=True)
class Telephone:
    """A telephone line: 300 to 3400 Hz, 8-bit mu-law at 8 kHz; no delay."""

    low_hz: float = knob(300.0, 20, 1000, "Hz", "Where the band begins.")
    high_hz: float = knob(3400.0, 2000, 3900, "Hz", "Where it ends.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        from scipy import signal

        rate, band = 8000, (self.low_hz, self.high_hz)
        line = resampled(audio.samples, audio.rate, rate)
        design = signal.butter(4, band, "bandpass", output="sos", fs=rate)
        line = signal.sosfiltfilt(design, line, padlen=min(line.shape[1] - 1, 512))
        coded = MuLaw()(Audio(np.ascontiguousarray(line, dtype=np.float32), rate)).samples
        return Audio(fit(resampled(coded, rate, audio.rate), audio.frames), audio.rate)


@dataclass(frozen=True)
class Crush:
    """Rounds to a number of bits, without dither."""

    bits: int = knob(8, 2, 24, "bit", "Resolution; 8 means 256 steps from -1 to 1.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        scale = 2.0 ** (self.bits - 1)
        return Audio(np.round(audio.samples * scale).astype(np.float32) / scale, audio.rate)


@dataclass(frozen=True)
class Noise:
    """Adds coloured Gaussian noise at a level, also to silence."""

    level_db: float = knob(
        -60.0, -140, 0, "dBFS", "Level of the noise, each channel its own.", label="Level"
    )
    slope: float = knob(0.0, -2, 2, "", "Power falls as frequency to the minus slope.")
    seed: int = knob(0, 0, None, "", "Same seed, same noise.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        noise = coloured_noise(audio.samples.shape, audio.rate, self.slope, self.seed)
        noise *= 10 ** (self.level_db / 20) / max(float(np.sqrt(np.mean(noise**2))), 1e-12)
        return Audio(audio.samples + noise, audio.rate)


@dataclass(frozen=True)
class SoftClip:
    """Overdrives with tanh, of slope one for quiet sound, so that only loud sound changes."""

    drive_db: float = knob(3.0, 0.1, 40, "dB", "How far the peak is driven above the knee.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        peak = max(float(np.abs(audio.samples).max()), 1e-9)
        drive = np.float32(10 ** (self.drive_db / 20) / peak)
        return Audio(np.tanh(drive * audio.samples) / drive, audio.rate)


@dataclass(frozen=True)
class HardClip:
    """Cuts peaks off; what is quieter stays as it is."""

    drive_db: float = knob(6.0, 0.1, 40, "dB", "How far the peak lies above where it is cut.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        limit = float(np.abs(audio.samples).max()) * 10 ** (-self.drive_db / 20)
        return Audio(np.clip(audio.samples, -limit, limit), audio.rate)


@dataclass(frozen=True)
class Resample:
    """To a lower sampling rate and back; a simple converter adds aliases and images."""

    rate_hz: float = knob(16_000.0, 2000, 48_000, "Hz", "The lower rate; half of it is kept.")
    method: str = knob("sinc", choices=METHODS, help="Sinc is clean; linear and hold are not.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        if self.rate_hz >= audio.rate:
            return audio
        if self.method == "sinc":
            low = round(self.rate_hz)
            down = resampled(audio.samples, audio.rate, low)
            return Audio(fit(resampled(down, low, audio.rate), audio.frames), audio.rate)
        rows = np.stack([self._converted(row, audio.rate) for row in audio.samples])
        return Audio(rows.astype(np.float32), audio.rate)

    def _converted(self, x: np.ndarray, rate: int) -> np.ndarray:
        """(T,) read at the lower rate's times, and put between them again."""
        at, step = np.arange(x.size), rate / self.rate_hz
        low = np.interp(np.arange(0, x.size - 1 + step, step), at, x)
        if self.method == "hold":
            return low[(at / step).astype(int)]
        return np.interp(at, step * np.arange(low.size), low)


@dataclass(frozen=True)
class Echoes:
    """A light reverberation: a few delayed, decaying copies, the same in every channel."""

    decay_s: float = knob(0.15, 0.02, 2, "s", "Time in which the copies fall by 60 dB.")
    mix: float = knob(20.0, 0, 100, "%", "Level of the first copies.")
    count: int = knob(12, 1, 64, "", "Number of copies.")
    seed: int = knob(0, 0, None, "", "Same seed, same room.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        rng = np.random.default_rng(self.seed)
        out = audio.samples.copy()
        for delay_s in np.sort(rng.uniform(0.005, max(self.decay_s, 0.006), self.count)):
            delay = round(delay_s * audio.rate)
            gain = self.mix / 100 * 10 ** (-3 * delay_s / self.decay_s) * rng.choice((-1, 1))
            if delay < audio.frames:
                out[:, delay:] += np.float32(gain) * audio.samples[:, : audio.frames - delay]
        return Audio(out, audio.rate)


def coloured_noise(shape: tuple[int, ...], rate: int, slope: float, seed: int) -> np.ndarray:
    """Gaussian noise whose power falls as frequency to the minus `slope`; the level is arbitrary.

    Args:
        shape: (channels, time); each channel has its own.
        rate: Hz.
        slope: 0 is white, 1 pink, 2 brown.
        seed: same seed, same noise.
    """
    frequency_hz = np.array([20.0, 24_000.0])
    shape_db = -10 * slope * np.log10(frequency_hz / 1000)
    return noise_floor(np.random.default_rng(seed), shape, rate, frequency_hz, shape_db)


def noise_floor(
    rng: Generator,
    shape: tuple[int, ...],
    rate: int,
    frequency_hz: np.ndarray,
    density_db: np.ndarray,
) -> np.ndarray:
    """Gaussian noise with a given density, interpolated in log frequency.

    Args:
        rng: source of the noise.
        shape: (channels, time).
        rate: Hz.
        frequency_hz: (K,) rising knots.
        density_db: (K,) density there; 0 dB everywhere is white noise of standard deviation 1.

    Returns:
        float32 of `shape`.
    """
    return equalised(rng.standard_normal(shape).astype(np.float32), rate, frequency_hz, density_db)


def equalised(
    x: np.ndarray, rate: int, frequency_hz: np.ndarray, gain_db: np.ndarray
) -> np.ndarray:
    """`x` (..., T) through a zero-phase filter, its gain interpolated in log frequency.

    Args:
        rate: Hz.
        frequency_hz: (K,) rising knots.
        gain_db: (K,) gain there; beyond the knots it stays as at the nearest.

    Returns:
        float32 of the same shape.
    """
    from scipy import fft

    length = x.shape[-1]
    grid = np.log(np.maximum(fft.rfftfreq(length, 1 / rate), 10.0))
    gain = np.exp(np.interp(grid, np.log(frequency_hz), np.log(10) / 20 * np.asarray(gain_db)))
    spectrum = fft.rfft(x.astype(np.float32, copy=False))  # single precision, four times as fast
    return fft.irfft(spectrum * gain.astype(np.float32), length)


def resampled(x: np.ndarray, rate: float, new_rate: float, quality: str = "HQ") -> np.ndarray:
    """(C, T) at another rate, at least one sample long."""
    y = soxr.resample(x.T.copy(), rate, new_rate, quality).T
    return y if y.shape[1] else np.zeros((len(x), 1), np.float32)


def fit(x: np.ndarray, length: int) -> np.ndarray:
    """(C, T) cut or zero-padded at its end to `length`; contiguous."""
    x = x[:, :length]
    return np.ascontiguousarray(np.pad(x, ((0, 0), (0, length - x.shape[1]))))
