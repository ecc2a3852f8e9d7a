"""Pictures of a recording before and after a restoration, both on the same scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.plots.panels import (
    BOTH,
    CHANGED,
    DEGRADED,
    RESTORED,
    Axis,
    Picture,
    areas,
    heat,
    lines,
)
from pipeline.plots.pooling import Spectrum, envelope, rows, spectrum
from pipeline.stage import Tick, no_tick, part

COLUMNS, ROWS = 1200, 456
RANGE_DB, AVERAGE_RANGE_DB = 90.0, 110.0
LOW_HZ = 40.0
LOG_EPSILON = 1e-5
FULL_SCALE_BIN = 512.0
"""|X| of a full-scale sine in a plain 2048-point Hann STFT: the scale of the log1p view."""


@dataclass(frozen=True)
class Measured:
    """What is drawn of two sounds: spectra, and envelopes of both and of what changed."""

    names: tuple[str, ...]
    time: Axis
    frequency: Axis
    spectra: tuple[Spectrum, ...]
    envelopes: tuple[np.ndarray, ...]


def draw(
    degraded: Audio,
    restored: Audio,
    folder: Path | str,
    *,
    span_s: tuple[float, float] | None = None,
    log_frequency: bool = False,
    names: tuple[str, str] = ("Degraded", "Restored"),
    tick: Tick = no_tick,
) -> list[Picture]:
    """Draws every view of a recording and its restoration.

    Args:
        degraded, restored: equally long; one of the lower rate is resampled to the other's.
        folder: existing folder for the PNG files.
        span_s: (start, stop) in seconds; the whole sound by default.
        log_frequency: a logarithmic frequency axis from 40 Hz instead of a linear one from 0.
        names: what the two are called.

    Returns:
        Panels of the views "Spectrogram", "log1p and log", "Waveform" and "Average spectrum".

    Raises:
        ValueError: the sounds differ in channels or length, or `span_s` holds nothing.
    """
    seen = measure(
        degraded,
        restored,
        span_s=span_s,
        log_frequency=log_frequency,
        names=names,
        tick=part(tick, 0, 2),
    )
    pictures: list[Picture] = []
    views: tuple[Callable[[Measured, Path], list[Picture]], ...]
    views = (spectrogram_pair, log1p_pair, waveforms, average_spectrum)
    for index, view in enumerate(views):
        pictures += view(seen, Path(folder))
        part(tick, 1, 2)((index + 1) / len(views))
    return pictures


def spectrograms(
    sounds: Sequence[tuple[str, Audio]], folder: Path | str, tick: Tick = no_tick
) -> list[Picture]:
    """Spectrograms of any number of named sounds of one length, all on the same scales.

    Sounds of a lower rate are resampled to the highest one.
    """
    rate = max(audio.rate for _, audio in sounds)
    same = [audio if audio.rate == rate else resample(audio, rate) for _, audio in sounds]
    span = (0, min(audio.frames for audio in same))
    columns = min(COLUMNS, span[1])
    spectra = tuple(
        spectrum(audio, columns, span, part(tick, at, len(same))) for at, audio in enumerate(same)
    )
    axes = Axis("s", 0.0, span[1] / rate), Axis("kHz", 0.0, rate / 2)
    names = tuple(name for name, _ in sounds)
    return spectrogram_pair(Measured(names, *axes, spectra, ()), Path(folder))


def measure(
    degraded: Audio,
    restored: Audio,
    *,
    span_s: tuple[float, float] | None = None,
    log_frequency: bool = False,
    names: tuple[str, str] = ("Degraded", "Restored"),
    tick: Tick = no_tick,
) -> Measured:
    """Looks at both sounds once, in bounded memory; arguments and errors as of `draw`."""
    rate = max(degraded.rate, restored.rate)
    before, after = (a if a.rate == rate else resample(a, rate) for a in (degraded, restored))
    if before.channels != after.channels or abs(before.frames - after.frames) > 1:
        shapes = f"{before.samples.shape} and {after.samples.shape}"
        raise ValueError(f"got sounds of shapes {shapes}, expected the same channels and length")
    span = _span(span_s, min(before.frames, after.frames), rate)
    columns = min(COLUMNS, span[1] - span[0])
    return Measured(
        names=names,
        time=Axis("s", span[0] / rate, span[1] / rate),
        frequency=Axis("kHz", LOW_HZ if log_frequency else 0.0, rate / 2, log_frequency),
        spectra=(
            spectrum(before, columns, span, part(tick, 0, 2)),
            spectrum(after, columns, span, part(tick, 1, 2)),
        ),
        envelopes=(
            envelope(before, columns, span),
            envelope(after, columns, span),
            envelope(after, columns, span, minus=before),
        ),
    )


def spectrogram_pair(seen: Measured, folder: Path) -> list[Picture]:
    """The spectrograms in dB (0 is a full-scale sine), 90 dB down from the loudest of all."""
    images = [_decibels(image) for image in _images(seen)]
    high = _top([np.percentile(image, 99.9) for image in images])
    scale, axes = ("dB", high - RANGE_DB, high), (seen.time, seen.frequency)
    return [
        heat(image, name, "Spectrogram", folder / f"spectrogram-{i}.png", axes, scale)
        for i, (image, name) in enumerate(zip(images, seen.names, strict=True))
    ]


def log1p_pair(seen: Measured, folder: Path) -> list[Picture]:
    """log(1 + |X|) beside log(|X| + epsilon): what a discriminator sees in either form.

    Each form has one colour scale for both sounds, from silence to what 1 % of the picture exceeds.
    In log1p low and high energy stay apart; in log the quiet bins take most of the scale.
    """
    magnitudes = [FULL_SCALE_BIN * np.sqrt(image) for image in _images(seen)]
    loud = max(0.1, *(float(np.percentile(magnitude, 99)) for magnitude in magnitudes))
    pictures: list[Picture] = []
    for magnitude, name in zip(magnitudes, seen.names, strict=True):
        for text, form in (("log(1 + |X|)", np.log1p), ("log |X|", _log)):
            path, title = folder / f"log1p-{len(pictures)}.png", f"{name}, {text}"
            scale = ("", round(float(form(0.0)), 1), round(float(form(loud)), 1))
            axes = (seen.time, seen.frequency)
            pictures.append(heat(form(magnitude), title, "log1p and log", path, axes, scale))
    return pictures


def waveforms(seen: Measured, folder: Path) -> list[Picture]:
    """Both waveforms over each other, and what was changed, on one amplitude scale.

    As far as both reach the overlay has one colour; where only one reaches, it has its own.
    """
    before, after, changed = seen.envelopes
    top = max(1.05 * float(max(np.abs(e).max() for e in seen.envelopes)), 1e-3)
    axis = Axis("", -top, top)
    low = np.maximum(before[:, 0], after[:, 0])
    common = np.stack((low, np.maximum(np.minimum(before[:, 1], after[:, 1]), low)), axis=1)
    overlay = ((after, RESTORED), (before, DEGRADED), (common, BOTH))
    degraded, restored = seen.names
    key = (("Both", *BOTH), (f"Only {degraded}", *DEGRADED), (f"Only {restored}", *RESTORED))
    files = areas(overlay, axis, folder / "waveforms")
    first = Picture("Waveforms", "Waveform", *files, seen.time, axis, key)
    files = areas(((changed, CHANGED),), axis, folder / "difference")
    title = f"Difference, {restored} \u2212 {degraded}"
    return [first, Picture(title, "Waveform", *files, seen.time, axis)]


def average_spectrum(seen: Measured, folder: Path) -> list[Picture]:
    """Long-term average spectra in dB (0 is a full-scale sine), and how far they differ."""
    edges = _edges(seen.frequency, COLUMNS)
    before, after = (_decibels(rows(one.average(), edges)[:, 0]) for one in seen.spectra)
    high = _top([before.max(), after.max()])
    levels = Axis("dB", high - AVERAGE_RANGE_DB, high)
    change = np.maximum(after, levels.low) - np.maximum(before, levels.low)
    changes = Axis("dB", -_tens(-change.min()), _tens(change.max()))
    view, frequency, (degraded, restored) = "Average spectrum", seen.frequency, seen.names
    key = ((degraded, *DEGRADED), (restored, *RESTORED))
    files = lines(((after, RESTORED), (before, DEGRADED)), levels, folder / "average")
    first = Picture("Average", view, *files, frequency, levels, key)
    files = lines(((change, CHANGED),), changes, folder / "change")
    title = f"Change, {restored} \u2212 {degraded}"
    return [first, Picture(title, view, *files, frequency, changes)]


def _span(span_s: tuple[float, float] | None, frames: int, rate: int) -> tuple[int, int]:
    start_s, stop_s = span_s or (0.0, frames / rate)
    start, stop = max(round(start_s * rate), 0), min(round(stop_s * rate), frames)
    if start >= stop:
        raise ValueError(f"span_s: got {span_s}, expected a part of 0 to {frames / rate:.3f} s")
    return start, stop


def _edges(axis: Axis, count: int) -> np.ndarray:
    space = np.geomspace if axis.log else np.linspace
    return space(axis.low, axis.high, count + 1)


def _images(seen: Measured) -> list[np.ndarray]:
    """The spectra on the picture's frequency rows, lowest first."""
    edges = _edges(seen.frequency, ROWS)
    return [rows(one, edges) for one in seen.spectra]


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 1e-20))


def _log(magnitude: Any) -> Any:
    return np.log(magnitude + LOG_EPSILON)


def _tens(value: float) -> float:
    """The next multiple of ten from `value` up, at least 10."""
    return 10.0 * max(math.ceil(value / 10), 1)


def _top(levels_db: Sequence[float]) -> float:
    """The upper end of a dB scale: the next ten above the highest level, never below -60."""
    return max(10.0 * math.ceil(max(levels_db) / 10), -60.0)
