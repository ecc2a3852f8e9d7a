"""Envelopes and spectra of a sound of any length, pooled to the columns of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.audio.buffers import allocate, blocks, copied, release
from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.dsp import framing
from pipeline.stage import Tick, no_tick

BLOCK = 1 << 20
WINDOW_S = 2048 / 48000
"""Length of the spectrum's window: 2048 samples at 48 kHz, as long in time at any other rate."""

FRAMES_A_COLUMN = 8


@dataclass(frozen=True)
class Spectrum:
    """Power over time and frequency, pooled to a picture's columns.

    Attributes:
        power: (bins, columns) float32, mean over channels and windows; 1 is a full-scale sine.
        bin_hz: distance of two bins; bin 0 lies at 0 Hz.
    """

    power: np.ndarray
    bin_hz: float

    def average(self) -> Spectrum:
        """The mean over time, one column."""
        return Spectrum(self.power.mean(axis=1, keepdims=True), self.bin_hz)


def envelope(
    audio: Audio,
    columns: int,
    span: tuple[int, int] | None = None,
    minus: Audio | None = None,
) -> np.ndarray:
    """Lowest and highest sample of each of `columns` equal stretches of time, over all channels.

    Args:
        audio: any sound.
        columns: at least 1, at most the number of frames looked at.
        span: frames [start, stop); the whole sound by default.
        minus: a sound of the same shape and rate that is subtracted first.

    Returns:
        (columns, 2) float32: minimum, maximum.
    """
    out = np.empty((columns, 2), dtype=np.float32)
    for first, last, edges in _groups(columns, span or (0, audio.frames)):
        block = copied(audio.samples, edges[0], edges[-1])
        if minus is not None:
            block -= copied(minus.samples, edges[0], edges[-1])
        at = edges[:-1] - edges[0]
        out[first:last, 0] = np.minimum.reduceat(block, at, axis=1).min(axis=0)
        out[first:last, 1] = np.maximum.reduceat(block, at, axis=1).max(axis=0)
    return out


def spectrum(
    audio: Audio,
    columns: int,
    span: tuple[int, int] | None = None,
    tick: Tick = no_tick,
    *,
    window_s: float = WINDOW_S,
    most: int = FRAMES_A_COLUMN,
) -> Spectrum:
    """Short-time power spectrum with Hann windows, the mean of a few windows a column.

    The windows are evenly spaced in their column. Long columns have gaps between them, so that ten
    hours take no longer than ten minutes.

    Args:
        audio: any sound; one shorter than a window is padded with silence.
        columns: of the result.
        span: frames [start, stop) to cover; the whole sound by default.
        window_s: length of the window in seconds.
        most: windows a column at most.
    """
    from scipy.fft import next_fast_len, rfft

    span = span or (0, audio.frames)
    size = next_fast_len(max(round(window_s * audio.rate), 16), real=True)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window *= 2.0 / window.sum()
    each = -(-2 * (span[1] - span[0]) // (columns * size))
    each = min(max(each, 1), most)
    power = np.empty((size // 2 + 1, columns), dtype=np.float32)
    for first, last, edges in _groups(columns, span, limit=256):
        total = np.zeros((last - first, size // 2 + 1), dtype=np.float32)
        for channel in range(audio.channels):
            frames = _windows(audio, channel, edges, each, size) * window
            total += (np.abs(rfft(frames, axis=-1)) ** 2).mean(axis=1)
        power[:, first:last] = total.T / audio.channels
        release(audio.samples, edges[0], edges[-1])
        tick(last / columns)
    return Spectrum(power, audio.rate / size)


def band_power(spectrum: Spectrum, edges_hz: np.ndarray) -> np.ndarray:
    """Mean power between neighbouring `edges_hz`, linear or logarithmic; 0 above the last bin.

    The power of a bin counts as spread evenly over its width.

    Returns:
        (len(edges_hz) - 1, columns) float64.
    """
    bins = len(spectrum.power)
    total = np.zeros((bins + 1, spectrum.power.shape[1]))
    np.cumsum(spectrum.power, axis=0, dtype=np.float64, out=total[1:])
    edges = edges_hz / spectrum.bin_hz + 0.5
    below = np.clip(edges.astype(int), 0, bins - 1)
    part = np.clip(edges - below, 0.0, 1.0)[:, None]
    at_edges = total[below] * (1 - part) + total[below + 1] * part
    return np.maximum(np.diff(at_edges, axis=0), 0.0) / np.diff(edges)[:, None]


def difference(before: Audio, after: Audio, tick: Tick = no_tick) -> Audio:
    """`after` minus `before`, at the rate and length of `after`.

    A `before` of another rate is resampled first; the samples may exceed full scale.
    """
    if before.rate != after.rate:
        before = resample(before, after.rate)
    out = allocate(after.channels, after.frames)
    for start, stop in blocks(after.samples, out, before.samples):
        out[:, start:stop] = after.samples[:, start:stop]
        end = min(stop, before.frames)
        if end > start:
            out[:, start:end] -= before.samples[:, start:end]
        tick(stop / after.frames)
    return Audio(out, after.rate)


def _groups(
    columns: int, span: tuple[int, int], limit: int | None = None
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields (first column, last column, their edges in frames), about BLOCK frames at a time."""
    start, stop = span
    edges = start + np.arange(columns + 1, dtype=np.int64) * (stop - start) // columns
    group = max(1, BLOCK * columns // max(stop - start, 1))
    group = min(group, limit or group)
    for first in range(0, columns, group):
        last = min(first + group, columns)
        yield first, last, edges[first : last + 1]


def _windows(audio: Audio, channel: int, edges: np.ndarray, each: int, size: int) -> np.ndarray:
    """(columns, each, size) windows of one channel, centred evenly within each column.

    Windows that would reach beyond the ends are moved inwards: an end is not a click.
    """
    parts = (np.arange(each) + 0.5) / each
    centres = edges[:-1, None] + np.diff(edges)[:, None] * parts
    starts = np.round(centres).astype(np.int64) - size // 2
    starts = np.clip(starts, 0, max(audio.frames - size, 0))
    low, high = int(starts.min()), int(starts.max()) + size
    block = audio.samples[channel, low:high]
    block = np.pad(block, (0, high - low - len(block)))
    return framing.frames(block, size)[starts - low]
