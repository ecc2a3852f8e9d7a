"""The separators that need no trained weights: harmonic/percussive and mid/side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.audio.buffers import allocate, blocks
from pipeline.audio.sound import Audio, peak
from pipeline.dsp import chunked
from pipeline.separation.separators import HARMONIC_PERCUSSIVE, MID_SIDE, SEPARATORS, silent_stems
from pipeline.stage import Tick, no_tick

TONE_FRAMES = 17  # 0.36 s: sound that lasts at least half of it is harmonic
NOISE_BINS = 31  # 0.35 kHz: sound that is at least half as wide is percussive


@dataclass(frozen=True)
class MidSide:
    """The mean of all channels, and each channel's difference from it.

    Both stems have all channels and add up to the input, up to rounding. The side of a mono sound
    is silent.
    """

    names: tuple[str, ...] = SEPARATORS[MID_SIDE]

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        tick(0.0)
        mid, side = (allocate(audio.channels, audio.frames) for _ in self.names)
        for start, stop in blocks(audio.samples, mid, side):
            block = audio.samples[:, start:stop]
            mid[:, start:stop] = block.mean(axis=0)
            side[:, start:stop] = block - mid[:, start:stop]
            tick(stop / audio.frames)
        return {name: Audio(x, audio.rate) for name, x in zip(self.names, (mid, side), strict=True)}

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        return frames * channels / 50e6


@dataclass(frozen=True)
class HarmonicPercussive:
    """Steady tones, and sudden or noisy sound, by median filters of the spectrogram.

    All channels share one soft mask, so that sources do not move in the stereo image. The
    percussive part is the input minus the harmonic one, so that both add up to the input.
    Source: Fitzgerald 2010, "Harmonic/percussive separation using median filtering", eq. 1 to 5,
    with windows of 85 to 93 ms.
    """

    names: tuple[str, ...] = SEPARATORS[HARMONIC_PERCUSSIVE]

    def stems(self, audio: Audio, tick: Tick = no_tick) -> dict[str, Audio]:
        tick(0.0)
        if not peak(audio):
            tick(1.0)
            return silent_stems(audio, self.names)
        n_fft = 1 << round(np.log2(0.09 * audio.rate))
        hop = n_fft // 4
        harmonic = chunked.run(
            _Harmonic(n_fft),
            audio.samples,
            payload=256 * hop,
            context=(TONE_FRAMES // 2 + 1) * hop + n_fft,
            grid=hop,
            tick=tick,
        )
        percussive = allocate(audio.channels, audio.frames)
        for start, stop in blocks(audio.samples, harmonic, percussive):
            percussive[:, start:stop] = audio.samples[:, start:stop] - harmonic[:, start:stop]
        parts = (harmonic, percussive)
        return {name: Audio(x, audio.rate) for name, x in zip(self.names, parts, strict=True)}

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        return frames / rate * (1 + channels) / 150


@dataclass(frozen=True)
class _Harmonic:
    """The harmonic part of (C, T) float32."""

    n_fft: int

    def __call__(self, x: np.ndarray) -> np.ndarray:
        from scipy.signal import ShortTimeFFT
        from scipy.signal.windows import hann

        padded = np.pad(x, ((0, 0), (0, max(self.n_fft - x.shape[1], 0))))
        stft = ShortTimeFFT(hann(self.n_fft, sym=False), self.n_fft // 4, 1.0)
        spectrum = stft.stft(padded)  # (C, T) -> (C, F, N)
        level = np.sqrt(np.square(np.abs(spectrum)).mean(axis=0)).astype(np.float32)
        harmonic = stft.istft(spectrum * harmonic_mask(level), k1=padded.shape[1])
        return harmonic[:, : x.shape[1]].astype(np.float32)


def harmonic_mask(level: np.ndarray) -> np.ndarray:
    """(F, N) magnitudes -> the share of each that is harmonic, as `librosa.decompose.hpss` has it.

    The rows are concatenated, because scipy filters one dimension ten times as fast as two.
    """
    tone = np.square(_median_along_rows(level, TONE_FRAMES))
    noise = np.square(_median_along_rows(level.T, NOISE_BINS).T)
    total = tone + noise
    return np.divide(tone, total, out=np.full_like(level, 0.5), where=total > 0)


def _median_along_rows(x: np.ndarray, size: int) -> np.ndarray:
    from scipy.ndimage import median_filter

    margin = size // 2
    padded = np.pad(x, ((0, 0), (margin, margin)), mode="symmetric")
    return median_filter(padded.ravel(), size).reshape(padded.shape)[:, margin:-margin]
