"""Degradations as stages: band limits, codecs, clipping, echoes, noise; no delay, repeatable."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile as sf
import soxr
from numpy.random import Generator

from pipeline.audio.sound import Audio
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick

FAMILIES = ("sinc", "butterworth", "chebyshev", "resample")
CODECS = {"mp3": ("MP3", "MPEG_LAYER_III"), "opus": ("OGG", "OPUS"), "vorbis": ("OGG", "VORBIS")}
MP3_DELAY = 1105  # samples: 576 of the encoder and 529 of the decoder, if no LAME tag gives it


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
        down = _resampled(audio.samples, audio.rate, low, quality)
        return _fit(_resampled(down, low, audio.rate), audio.frames)


@dataclass(frozen=True)
class Codec:
    """Through a lossy codec and back, aligned to the sample; more than two channels go in pairs."""

    name: str = knob("mp3", choices=tuple(CODECS), help="The codec.")
    kbps: float = knob(32.0, 6, 320, "kbit/s", "Bit rate; Vorbis takes the nearest quality.")
    rate: int = knob(48_000, choices=(16_000, 24_000, 44_100, 48_000), help="Rate inside, in Hz.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        pairs = [audio.samples[first : first + 2] for first in range(0, audio.channels, 2)]
        decoded = [self._coded(pair, audio.rate) for pair in pairs]
        return Audio(np.concatenate(decoded), audio.rate)

    def _coded(self, samples: np.ndarray, own_rate: int) -> np.ndarray:
        """(C, T) after the codec, of at most two channels."""
        rate = 48_000 if self.name == "opus" and self.rate == 44_100 else self.rate
        x = _resampled(samples, own_rate, rate)
        peak = max(1.0, float(np.abs(x).max()))  # encoders clip
        file = io.BytesIO()
        sf.write(file, x.T / peak, rate, **self._format(len(x)))
        file.seek(0)
        y = sf.read(file, dtype="float32", always_2d=True)[0].T * peak
        if self.name == "mp3" and y.shape[1] > x.shape[1]:
            y = y[:, MP3_DELAY:]
        return _fit(_resampled(y, rate, own_rate), samples.shape[1])

    def _format(self, channels: int) -> dict[str, Any]:
        """What tells soundfile the codec and the bit rate."""
        container, subtype = CODECS[self.name]
        level = self._compression_level(channels)
        constant = {"bitrate_mode": "CONSTANT"} if self.name == "mp3" else {}
        return {"format": container, "subtype": subtype, "compression_level": level, **constant}

    def _compression_level(self, channels: int) -> float:
        """libsndfile's level, 0 (best) to 1: linear in bit rate, for Vorbis linear in quality."""
        if self.name == "mp3":
            return float(np.clip((320 - self.kbps) / 288, 0, 0.995))
        if self.name == "opus":
            return float(np.clip((256 - self.kbps / channels) / 250, 0, 1))
        return float(np.clip((128 - self.kbps) / 80, 0, 1))


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
        line = _resampled(audio.samples, audio.rate, rate)
        design = signal.butter(4, band, "bandpass", output="sos", fs=rate)
        line = signal.sosfiltfilt(design, line, padlen=min(line.shape[1] - 1, 512))
        coded = MuLaw()(Audio(np.ascontiguousarray(line, dtype=np.float32), rate)).samples
        return Audio(_fit(_resampled(coded, rate, audio.rate), audio.frames), audio.rate)


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
    """Adds coloured Gaussian noise (see `noise_floor`)."""

    level_db: float = knob(-60.0, -140, 0, "dBFS", "Level of the noise, each channel its own.")
    slope: float = knob(0.0, -2, 2, "", "Power falls as frequency to the minus slope.")
    seed: int = knob(0, 0, None, "", "Same seed, same noise.")

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        rng = np.random.default_rng(self.seed)
        frequency = np.array([20.0, 24_000.0])
        shape_db = -10 * self.slope * np.log10(frequency / 1000)
        noise = noise_floor(rng, audio.samples.shape, audio.rate, frequency, shape_db)
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


def _resampled(x: np.ndarray, rate: int, new_rate: int, quality: str = "HQ") -> np.ndarray:
    """(C, T) at another rate, at least one sample long."""
    y = soxr.resample(x.T.copy(), rate, new_rate, quality).T
    return y if y.shape[1] else np.zeros((len(x), 1), np.float32)


def _fit(x: np.ndarray, length: int) -> np.ndarray:
    """(C, T) cut or zero-padded at its end to `length`; contiguous."""
    x = x[:, :length]
    return np.ascontiguousarray(np.pad(x, ((0, 0), (0, length - x.shape[1]))))
