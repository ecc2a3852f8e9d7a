"""The Dequantize stage: reduces the rounding noise of sound with few bits.

Rounding moves a sample by at most half a step. So the original lies in a known cell around each
sample, and rounding adds noise of known power. Each cycle adds dither within the cells, applies a
Wiener filter (from the noise's power and the spectrum of the previous cycle), and clips every
sample to its cell. The result is the mean of the cycles, which lies in the cells as well.

Source: the iterated Wiener filter: Lim and Oppenheim, "All-pole modeling of
degraded speech", IEEE Trans. ASSP 26 (1978); clipping to the cells: Thao and Vetterli,
"Deterministic analysis of oversampled A/D conversion", IEEE Trans. SP 42 (1994).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.quantisation import Quantisation, quantisation
from pipeline.audio import buffers
from pipeline.audio.sound import Audio
from pipeline.dsp import chunked
from pipeline.dsp.stft import OVERLAP, Stft
from pipeline.knobs import check_knobs, knob
from pipeline.stage import Tick, no_tick, share

__all__ = ["Dequantize", "Quantisation", "quantisation"]

DITHER = 0.25  # of a cell
TILE = 4096  # samples after which the dither repeats
SMOOTH = (3, 5)  # frames and bins over which power is averaged
STILL_S = 0.02  # a value that repeats for longer is silence, and is kept


@dataclass(frozen=True)
class Dequantize:
    """Reduces the rounding noise of 8 to 12-bit and mu-law sound; finer sound is unchanged."""

    cycles: int = knob(
        4, 1, 16, "", "Rounds of dithering and smoothing: more are finer and slower."
    )

    def __post_init__(self) -> None:
        check_knobs(self)

    def __call__(self, audio: Audio, tick: Tick = no_tick) -> Audio:
        """The smoothed sound; the input itself if its steps are too fine.

        Raises:
            Cancelled: from `tick`.
        """
        tick(0.0)
        grid = quantisation(audio)
        if grid is None:
            tick(1.0)
            return audio
        stft = Stft.of_rate(audio.rate)
        samples = chunked.run(
            functools.partial(_restored, grid=grid, stft=stft, rate=audio.rate, cycles=self.cycles),
            audio.samples,
            payload=buffers.BLOCK_FRAMES,
            context=self.cycles * (stft.n_fft + SMOOTH[0] // 2 * stft.hop),
            grid=max(TILE, stft.n_fft),
            tick=share(tick, 0.05, 1.0),
        )
        return Audio(samples, audio.rate)


def _restored(
    x: np.ndarray, *, grid: Quantisation, stft: Stft, rate: int, cycles: int
) -> np.ndarray:
    """(C, n) -> (C, n): the mean of the cycles, with every sample in its cell."""
    width = grid.width(x)
    noise = _noise_power(x, width, stft)
    estimate, mean = x, np.zeros_like(x)
    for cycle in range(cycles):
        dither = _dither(x.shape, cycle) * width
        smooth = _wiener(x + dither, estimate if cycle else None, noise, stft)
        estimate = np.clip(smooth, x - width / 2, x + width / 2)
        if cycle or cycles == 1:
            mean += estimate / max(cycles - 1, 1)
    mean = np.clip(mean, x - width / 2, x + width / 2)
    return np.where(_still(x, max(2, round(STILL_S * rate))), x, mean)


def _noise_power(x: np.ndarray, width: np.ndarray, stft: Stft) -> np.ndarray:
    """(C, N, 1) power that rounding and dither add in each frame.

    Rounding adds a twelfth of the squared width, less for faint sound (see `_rounding`).
    """
    rounded, noise = _rounding()
    busy = np.interp(_frame_means(np.square(x / width), stft), rounded, noise, left=0.0)
    power = _frame_means(np.square(width), stft) * (busy + DITHER**2 / 12)
    return np.maximum(power, 1e-20)[:, :, None].astype(np.float32)


def _frame_means(values: np.ndarray, stft: Stft) -> np.ndarray:
    """(C, n) -> (C, N): the mean over each frame, without values outside the sound."""
    hops = np.add.reduceat(values, np.arange(0, values.shape[1], stft.hop), axis=1)
    inside = np.full(hops.shape[1], stft.hop)
    inside[-1] = values.shape[1] - stft.hop * (hops.shape[1] - 1)
    sums, counts = (
        np.cumsum(np.pad(part, [*[(0, 0)] * (part.ndim - 1), (OVERLAP, OVERLAP - 1)]), -1)
        for part in (hops, inside)
    )
    means: np.ndarray = (sums[:, OVERLAP:] - sums[:, :-OVERLAP]) / (
        counts[OVERLAP:] - counts[:-OVERLAP]
    )
    return means


@functools.cache
def _rounding() -> tuple[np.ndarray, np.ndarray]:
    """Power of rounded Gaussian noise, and the part of it that is noise, in steps of 1.

    The best linear estimate of y from its rounded value r is E[y r] / E[r r] times r, so the noise
    is E[r r] - E[y r]. It is 1/12, except for the faintest sound, whose error depends on it.
    """
    from scipy import special

    edges = np.arange(1, 40)[:, None] - 0.5
    sigma = np.geomspace(0.08, 3, 100)
    beyond = special.ndtr(-edges / sigma)
    height = np.exp(-0.5 * np.square(edges / sigma)) / np.sqrt(2 * np.pi)
    rounded = (4 * edges * beyond).sum(0)  # r^2 = sum of 2 k - 1 over all edges k - 1/2 below |r|
    return rounded, rounded - (2 * sigma * height).sum(0)


def _dither(shape: tuple[int, ...], cycle: int) -> np.ndarray:
    """(C, n) uniform in +-DITHER / 2; depends on the position in the sound only."""
    tile = np.random.default_rng(cycle).uniform(-DITHER / 2, DITHER / 2, (shape[0], TILE))
    return np.tile(tile.astype(np.float32), -(-shape[1] // TILE))[:, : shape[1]]


def _wiener(y: np.ndarray, model: np.ndarray | None, noise: np.ndarray, stft: Stft) -> np.ndarray:
    """(C, n) `y` after a Wiener filter, with the spectrum of the model or else its own."""
    count = stft.n_frames(y.shape[1])
    spectra = stft.spectra(y, 0, count)
    if model is None:
        signal = np.maximum(_power(spectra) - noise, 0)
    else:
        signal = _power(stft.spectra(model, 0, count))
    signal /= signal + noise
    spectra *= signal
    reach = (OVERLAP - 1) * stft.hop
    return stft.overlap_added(spectra)[:, reach : reach + y.shape[1]]


def _power(spectra: np.ndarray) -> np.ndarray:
    """(C, N, F) power, averaged over SMOOTH frames and bins."""
    power = np.square(spectra.real) + np.square(spectra.imag)
    for axis, width in zip((1, 2), SMOOTH, strict=True):
        power = _averaged(power, axis, width)
    return power


def _averaged(values: np.ndarray, axis: int, width: int) -> np.ndarray:
    """Moving average of `width` (odd) values along an axis; of fewer at its ends."""
    values = np.moveaxis(values, axis, 0)
    total, count = values.copy(), np.ones((len(values), *[1] * (values.ndim - 1)), np.float32)
    for lag in range(1, min(width // 2 + 1, len(values))):
        total[lag:] += values[:-lag]
        total[:-lag] += values[lag:]
        count[lag:] += 1
        count[:-lag] += 1
    total /= count
    return np.moveaxis(total, 0, axis)


def _still(x: np.ndarray, length: int) -> np.ndarray:
    """(C, n) True within runs of at least `length` equal samples."""
    still = np.zeros(x.shape, bool)
    for row, samples in zip(still, x, strict=True):
        ends = np.append(np.flatnonzero(samples[1:] != samples[:-1]) + 1, samples.size)
        starts = np.concatenate([[0], ends[:-1]])
        for at in np.flatnonzero(ends - starts >= length):
            row[starts[at] : ends[at]] = True
    return still
