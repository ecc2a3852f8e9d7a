"""The Declip stage: peaks that were cut off are restored; no other sample changes.

A clipped sample is known to lie beyond the clip level, and no more. Of all sounds that agree with
the samples that were not clipped, the one with the sparsest spectrum is looked for: iterative
shrinkage of a tight Gabor frame, with a threshold that falls from near the loudest partial to far
below it. Coefficients are shrunk by the energy of their neighbours in time (persistent empirical
Wiener), and more where the recording has little sound.

How much more, and how far the estimate can be trusted, the recording itself tells: its most clipped
segments are clipped again at a lower level, and the samples between both levels are known.

Source: Siedenburg, Kowalski and Doerfler 2014, "Audio declipping with social sparsity" (ICASSP);
Zaviska et al. 2021, "A survey and an extensive evaluation of popular audio declipping methods"
(arXiv 2007.07663).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.analysis.clipping import clip_levels, is_clipped
from pipeline.audio.buffers import blocks
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked, framing
from pipeline.dsp.stft import OVERLAP, Stft
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share

SEGMENT_S = 2.0  # restored at once; part of the result, as each segment has its own thresholds
THRESHOLDS = (0.3, 1e-4)  # first and last, as shares of the segment's largest coefficient
STEPS, ITERATIONS = 20, 4  # thresholds, and iterations at each
MOMENTUM = 0.9
NEIGHBOURS = 3  # frames whose energy decides together
COLOURS = (0.25, 1.0)  # exponents of the spectrum's shape in the thresholds; most sound, few tones
TRIAL_LEVEL, TRIALS = 0.7, 3  # of the clip level, for how many segments of a channel
SMOOTH_BINS = 17  # of that shape
TOLERANCE = 2e-3  # of the clip level: samples this near to it count as clipped
HIGHEST = 4.0  # times the clip level: no restored peak is higher (12 dB)
TRIAL_SHARE = 0.2  # of the progress
STORED_SPEED = 3.0  # seconds of one channel a second, where all of it is clipped


@dataclass(frozen=True)
class Declip:
    """Restores peaks that were cut off; a recording that is not clipped is returned as it is.

    The restored peaks are higher than the clipped ones, above full scale if those were at it.
    """

    level_db: float | None = knob(
        None, -40, 0, "dBFS", "Peaks from here on count as clipped; automatic looks for peaks that "
        "are flat, in each channel and polarity.", label="Clip level", optional=True,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The sound with its peaks restored; the input itself where none was cut off.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        levels = self._levels(audio)
        if not np.isfinite(levels).any():
            tick(1.0)
            return audio
        n_fft = Stft.of_rate(audio.rate).n_fft
        fits = []
        for x, (low, high) in zip(audio.samples, levels, strict=True):
            fits.append(_fit(x, low, high, n_fft, audio.rate))
            tick(TRIAL_SHARE * len(fits) / audio.channels)

        def restored(window: np.ndarray) -> np.ndarray:
            rows = zip(window, levels, fits, strict=True)
            return np.stack([declipped(x, low, high, n_fft, f) for x, (low, high), f in rows])

        made = chunked.run(
            restored,
            audio.samples,
            payload=round(SEGMENT_S * audio.rate),
            context=2 * n_fft,
            tick=share(tick, TRIAL_SHARE, 1),
        )
        return Audio(made, audio.rate)

    def estimate_seconds(self, frames: int, rate: int, channels: int) -> float:
        """Seconds that the work takes at most, on one core."""
        return frames / rate * channels / STORED_SPEED

    def _levels(self, audio: Audio) -> np.ndarray:
        """(C, 2) clip levels, infinite where nothing is clipped; see `clipping.clip_levels`."""
        if self.level_db is not None:
            level = np.float32(10 ** (self.level_db / 20))
            return np.tile(np.array([-level, level]), (audio.channels, 1))
        if not is_clipped(audio):
            return np.full((audio.channels, 2), np.inf, np.float32)
        return clip_levels(audio)


class Fit(NamedTuple):
    """What suits a channel.

    Attributes:
        colour: exponent of the spectrum's shape in the thresholds; 0 is one for all frequencies.
        trust: share of the estimated rise above the clip level that is believed, in [0, 1].
    """

    colour: float
    trust: float


def declipped(x: np.ndarray, low: float, high: float, n_fft: int, fit: Fit) -> np.ndarray:
    """(T,) with its clipped samples restored; all others are those of `x`.

    Args:
        x: (T,) float32.
        low, high: the clip levels; infinite where that polarity was not clipped.
        n_fft: samples of a frame, a multiple of `OVERLAP`.
        fit: from `_fit`.
    """
    above, below = _clipped(x, low, high)
    clipped = above | below
    if not clipped.any() or not fit.trust:
        return x
    rise = _rise(x, above, below, n_fft, fit.colour)[clipped]
    size = np.abs(x[clipped])
    restored = x.copy()
    restored[clipped] = np.sign(x[clipped]) * np.minimum(size + fit.trust * rise, HIGHEST * size)
    return restored


def _clipped(x: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Where (T,) was clipped upwards and downwards, bool."""
    return x >= high * (1 - TOLERANCE), x <= low * (1 - TOLERANCE)


def _fit(x: np.ndarray, low: float, high: float, n_fft: int, rate: int) -> Fit:
    """What restores known peaks of (T,) best: its most clipped segments, clipped at a lower level.

    The trust is the least-squares factor from estimated to true rises.
    """
    pieces = _most_clipped(x, low, high, round(SEGMENT_S * rate))
    best, least = Fit(COLOURS[0], 1.0), np.inf
    for colour in COLOURS:
        trials = [_trial(piece, low, high, n_fft, colour) for piece in pieces]
        estimated, true = (np.concatenate(rises) for rises in zip(*trials, strict=True))
        energy = float(estimated @ estimated)
        if not energy:
            continue
        trust = float(np.clip(estimated @ true / energy, 0, 1))
        error = float(np.square(true - trust * estimated).sum())
        if error < least:
            best, least = Fit(colour, trust), error
    return best


def _most_clipped(x: np.ndarray, low: float, high: float, size: int) -> list[np.ndarray]:
    """Copies of the `TRIALS` segments of (T,) with the most clipped samples, in their order."""
    starts, counts = [], []
    for start, stop in blocks(x[None], size=size):
        starts.append(start)
        counts.append(np.count_nonzero(np.logical_or(*_clipped(x[start:stop], low, high))))
    chosen = sorted(np.argsort(counts, kind="stable")[-TRIALS:])
    return [np.array(x[starts[index] : starts[index] + size]) for index in chosen]


def _trial(
    x: np.ndarray, low: float, high: float, n_fft: int, colour: float
) -> tuple[np.ndarray, np.ndarray]:
    """(K,) estimated and true rises of the samples of (T,) between a lower level and its own."""
    lower = np.clip(x, TRIAL_LEVEL * low, TRIAL_LEVEL * high)
    above, below = _clipped(lower, TRIAL_LEVEL * low, TRIAL_LEVEL * high)
    known = (above | below) & ~np.logical_or(*_clipped(x, low, high))
    if not known.any():
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    rise = _rise(lower, above, below, n_fft, colour)
    return rise[known], (np.abs(x) - np.abs(lower))[known]


def _rise(
    x: np.ndarray, above: np.ndarray, below: np.ndarray, n_fft: int, colour: float
) -> np.ndarray:
    """(T,) how far the sparsest sound rises beyond the clipped samples of (T,), at least 0."""
    edges = ((n_fft, n_fft + -x.size % (n_fft // OVERLAP)),)
    padded, up, down = (np.pad(array, *edges) for array in (x, above, below))
    estimate = _sparsest(padded, up, down, n_fft, colour)[n_fft : n_fft + x.size]
    return np.maximum(np.sign(x) * estimate - np.abs(x), 0)


def _sparsest(
    x: np.ndarray, above: np.ndarray, below: np.ndarray, n_fft: int, colour: float
) -> np.ndarray:
    """(T,) float32: the sparse sound that agrees with `x` where it was not clipped.

    Args:
        x: (T,) float32, a multiple of the hop long.
        above, below: (T,) bool, where it was clipped upwards and downwards.
    """
    frame = _GaborFrame(n_fft, x.size)
    shrunk = point = frame.analysis(x)
    shape = _relative_thresholds(point, colour)
    peak = float(np.abs(point).max())
    for threshold in peak * np.geomspace(*THRESHOLDS, STEPS):
        for _ in range(ITERATIONS):
            error = frame.synthesis(point) - x
            error = np.where(above, np.minimum(error, 0), error)  # higher than the level is right
            error = np.where(below, np.maximum(error, 0), error)
            step = point - frame.analysis(error)
            energy = _over_neighbours(step.real**2 + step.imag**2)
            gain = 1 - threshold**2 * shape / np.maximum(energy, 1e-20)
            before, shrunk = shrunk, step * np.maximum(gain, 0).astype(np.float32)
            point = shrunk + np.float32(MOMENTUM) * (shrunk - before)
    return frame.synthesis(shrunk)


def _relative_thresholds(spectra: np.ndarray, colour: float) -> np.ndarray:
    """(F,) float32 factors on squared thresholds from (N, F): 1 where the sound is loudest."""
    power = np.mean(spectra.real**2 + spectra.imag**2, axis=0)
    half = SMOOTH_BINS // 2
    window = np.hanning(SMOOTH_BINS + 2)[1:-1]
    power = np.convolve(np.pad(power, half, mode="edge"), window / window.sum(), "valid")
    return ((power.max() / np.maximum(power, 1e-12 * power.max())) ** colour).astype(np.float32)


def _over_neighbours(energy: np.ndarray) -> np.ndarray:
    """(N, F) mean over `NEIGHBOURS` frames."""
    half = NEIGHBOURS // 2
    padded = np.pad(energy, ((half, half), (0, 0)))
    shifted = [padded[index : index + len(energy)] for index in range(NEIGHBOURS)]
    return np.sum(shifted, axis=0) / np.float32(NEIGHBOURS)


class _GaborFrame:
    """A tight frame with bound one: `synthesis(analysis(x))` is `x`, its ends excepted.

    Args:
        n_fft: samples of a frame, windowed by Hann's window.
        length: samples of the sound, a multiple of the hop.
    """

    def __init__(self, n_fft: int, length: int) -> None:
        self.n_fft, self.hop, self.length = n_fft, n_fft // OVERLAP, length
        self.window = Stft(n_fft).window * np.float32(np.sqrt(self.hop))

    def analysis(self, x: np.ndarray) -> np.ndarray:
        """(T,) -> (N, F) complex64."""
        from scipy import fft

        return fft.rfft(framing.frames(x, self.n_fft, self.hop) * self.window, norm="ortho")

    def synthesis(self, spectra: np.ndarray) -> np.ndarray:
        """(N, F) -> (T,) float32."""
        from scipy import fft

        parts = fft.irfft(spectra, self.n_fft, norm="ortho") * self.window
        parts = parts.reshape(len(parts), OVERLAP, self.hop)
        sound = np.zeros((self.length // self.hop, self.hop), np.float32)
        for index in range(OVERLAP):
            sound[index : index + len(parts)] += parts[:, index]
        return sound.reshape(-1)
