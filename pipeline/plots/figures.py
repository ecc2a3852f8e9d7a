"""Pictures of a recording and its restoration, both on the same scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio.resampling import resample
from pipeline.audio.sound import Audio
from pipeline.plots import descriptions
from pipeline.plots.panels import (
    BOTH,
    CHANGED,
    DEGRADED,
    DIVERGING_MAPS,
    RESTORED,
    Axis,
    ColourScale,
    Curve,
    Picture,
    areas,
    heat_map,
    lines,
)
from pipeline.plots.pooling import Spectrum, band_power, envelope, spectrum
from pipeline.stage import Tick, no_tick, part

COLUMNS, ROWS = 1200, 456
RANGE_DB, AVERAGE_RANGE_DB = 90.0, 110.0
CHANGE_SCALE = ColourScale("dB", -30.0, 30.0)
LOW_HZ = 40.0
LOG_EPSILON = 1e-5
FULL_SCALE_BIN = 512.0
"""|X| of a full-scale sine in a plain 2048-point Hann STFT: the scale of the log1p view."""


@dataclass(frozen=True)
class Measurements:
    """What is drawn of two sounds: their spectra, their envelopes, and that of their difference."""

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
        Panels of the views "Spectrogram", "Change", "log1p and log", "Waveform" and "Average
        spectrum".

    Raises:
        ValueError: the sounds differ in channels or length, or `span_s` holds nothing.
    """
    measured = measure(
        degraded,
        restored,
        span_s=span_s,
        log_frequency=log_frequency,
        names=names,
        tick=part(tick, 0, 2),
    )
    pictures: list[Picture] = []
    views: tuple[Callable[[Measurements, Path], list[Picture]], ...]
    views = (spectrogram_pair, change_map, log1p_pair, waveforms, average_spectrum)
    for index, view in enumerate(views):
        pictures += view(measured, Path(folder))
        part(tick, 1, 2)((index + 1) / len(views))
    return pictures


def spectrograms(
    sounds: Sequence[tuple[str, Audio]], folder: Path | str, tick: Tick = no_tick
) -> list[Picture]:
    """Spectrograms of any number of named sounds of one length, all on the same scales."""
    return spectrogram_pair(measure_all(sounds, tick), Path(folder))


def measure_all(sounds: Sequence[tuple[str, Audio]], tick: Tick = no_tick) -> Measurements:
    """The spectra of named sounds of one length; those of a lower rate are resampled."""
    rate = max(audio.rate for _, audio in sounds)
    same = [audio if audio.rate == rate else resample(audio, rate) for _, audio in sounds]
    span = (0, min(audio.frames for audio in same))
    columns = min(COLUMNS, span[1])
    spectra = tuple(
        spectrum(audio, columns, span, part(tick, at, len(same))) for at, audio in enumerate(same)
    )
    axes = Axis("s", 0.0, span[1] / rate), Axis("kHz", 0.0, rate / 2)
    return Measurements(tuple(name for name, _ in sounds), *axes, spectra, ())


def measure(
    degraded: Audio,
    restored: Audio,
    *,
    span_s: tuple[float, float] | None = None,
    log_frequency: bool = False,
    names: tuple[str, str] = ("Degraded", "Restored"),
    tick: Tick = no_tick,
) -> Measurements:
    """Measures both sounds in one pass and bounded memory; arguments and errors as of `draw`."""
    rate = max(degraded.rate, restored.rate)
    before, after = (a if a.rate == rate else resample(a, rate) for a in (degraded, restored))
    if before.channels != after.channels or abs(before.frames - after.frames) > 1:
        shapes = f"{before.samples.shape} and {after.samples.shape}"
        raise ValueError(f"got sounds of shapes {shapes}, expected the same channels and length")
    span = _span(span_s, min(before.frames, after.frames), rate)
    columns = min(COLUMNS, span[1] - span[0])
    return Measurements(
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


def spectrogram_pair(measured: Measurements, folder: Path) -> list[Picture]:
    """The spectrograms in dB (0 is a full-scale sine), 90 dB down from the loudest of all."""
    images = [decibels(image) for image in _images(measured)]
    high = top_db([np.percentile(image, 99.9) for image in images])
    scale, axes = ColourScale("dB", high - RANGE_DB, high), (measured.time, measured.frequency)
    pictures: list[Picture] = []
    for image, name, text in zip(images, measured.names, _levels(measured), strict=True):
        path = folder / f"spectrogram-{len(pictures)}.png"
        description = f"Spectrogram of {name}. Mean levels: {text}."
        pictures.append(heat_map(image, name, "Spectrogram", path, axes, scale, description))
    return pictures


def change_map(measured: Measurements, folder: Path) -> list[Picture]:
    """What was taken away and what was added: 20 log10 of the ratio of magnitudes, in dB.

    What lies 90 dB below the loudest counts as silence in both.
    """
    before, after = (decibels(image) for image in _images(measured))
    high = top_db([np.percentile(image, 99.9) for image in (before, after)])
    degraded, restored = measured.names
    old, new = measured.spectra
    bands = descriptions.change(old, new, measured.frequency.high)
    title = f"{restored} against {degraded}"
    picture = heat_map(
        change_db(before, after, high - RANGE_DB), title, "Change", folder / "ratio.png",
        (measured.time, measured.frequency), CHANGE_SCALE, f"Spectrogram of the change. {bands}.",
        DIVERGING_MAPS,
    )  # fmt: skip
    return [picture]


def change_db(before_db: np.ndarray, after_db: np.ndarray, floor_db: float) -> np.ndarray:
    """How much `after` is above `before`, both not lower than the floor."""
    return np.maximum(after_db, floor_db) - np.maximum(before_db, floor_db)


def log1p_pair(measured: Measurements, folder: Path) -> list[Picture]:
    """log(1 + |X|) beside log(|X| + epsilon): the two inputs that a discriminator may get.

    Each form has one colour scale for both sounds, from silence to the level that 1 % of the
    picture exceeds. The logarithm gives most of the scale to quiet bins, log1p to loud ones.
    """
    magnitudes = [FULL_SCALE_BIN * np.sqrt(image) for image in _images(measured)]
    loud = max(0.1, *(float(np.percentile(magnitude, 99)) for magnitude in magnitudes))
    pictures: list[Picture] = []
    for magnitude, name, levels in zip(magnitudes, measured.names, _levels(measured), strict=True):
        for text, form in (("log(1 + |X|)", np.log1p), ("log |X|", _log)):
            path, title = folder / f"log1p-{len(pictures)}.png", f"{name}, {text}"
            scale = ColourScale("", round(float(form(0.0)), 1), round(float(form(loud)), 1))
            axes = (measured.time, measured.frequency)
            description = f"Spectrogram of {name} as {text}. Mean levels: {levels}."
            image = form(magnitude)
            pictures.append(heat_map(image, title, "log1p and log", path, axes, scale, description))
    return pictures


def waveforms(measured: Measurements, folder: Path) -> list[Picture]:
    """Both waveforms over each other, and their difference, on one amplitude scale.

    The area that both cover has one colour; what only one covers has that one's.
    """
    before, after, changed = measured.envelopes
    top = max(1.05 * float(max(np.abs(e).max() for e in measured.envelopes)), 1e-3)
    axis = Axis("", -top, top)
    low = np.maximum(before[:, 0], after[:, 0])
    common = np.stack((low, np.maximum(np.minimum(before[:, 1], after[:, 1]), low)), axis=1)
    overlay = ((after, RESTORED), (before, DEGRADED), (common, BOTH))
    degraded, restored = measured.names
    key = (
        Curve("Both", *BOTH),
        Curve(f"Only {degraded}", *DEGRADED),
        Curve(f"Only {restored}", *RESTORED),
    )
    files = areas(overlay, axis, folder / "waveforms")
    first = Picture(
        "Waveforms", "Waveform", *files, measured.time, axis, key,
        description=f"Waveforms. Peaks: {descriptions.peaks(measured.names, (before, after))}.",
    )  # fmt: skip
    files = areas(((changed, CHANGED),), axis, folder / "difference")
    title = f"Difference, {restored} \u2212 {degraded}"
    description = f"Waveform. Peak: {descriptions.peaks((title,), (changed,))}."
    second = Picture(title, "Waveform", *files, measured.time, axis, description=description)
    return [first, second]


def average_spectrum(measured: Measurements, folder: Path) -> list[Picture]:
    """Long-term average spectra in dB (0 is a full-scale sine), and their difference."""
    edges = _edges(measured.frequency, COLUMNS)
    before, after = (decibels(band_power(one.average(), edges)[:, 0]) for one in measured.spectra)
    high = top_db([before.max(), after.max()])
    levels = Axis("dB", high - AVERAGE_RANGE_DB, high)
    change = np.maximum(after, levels.low) - np.maximum(before, levels.low)
    changes = Axis("dB", -_tens(-change.min()), _tens(change.max()))
    view, frequency, (degraded, restored) = "Average spectrum", measured.frequency, measured.names
    key = (Curve(degraded, *DEGRADED), Curve(restored, *RESTORED))
    files = lines(((after, RESTORED), (before, DEGRADED)), levels, folder / "average")
    old, new = _levels(measured)
    first = Picture(
        "Average", view, *files, frequency, levels, key,
        description=f"Average spectra. {degraded}: {old}. {restored}: {new}.",
    )  # fmt: skip
    files = lines(((change, CHANGED),), changes, folder / "change")
    title = f"Change, {restored} \u2212 {degraded}"
    bands = descriptions.change(measured.spectra[0], measured.spectra[1], frequency.high)
    description = f"{title}: {bands}."
    return [first, Picture(title, view, *files, frequency, changes, description=description)]


def _levels(measured: Measurements) -> list[str]:
    """The mean levels of each sound, in words."""
    return [descriptions.levels(one, measured.frequency.high) for one in measured.spectra]


def _span(span_s: tuple[float, float] | None, frames: int, rate: int) -> tuple[int, int]:
    start_s, stop_s = span_s or (0.0, frames / rate)
    start, stop = max(round(start_s * rate), 0), min(round(stop_s * rate), frames)
    if start >= stop:
        raise ValueError(f"span_s: got {span_s}, expected a part of 0 to {frames / rate:.3f} s")
    return start, stop


def _edges(axis: Axis, count: int) -> np.ndarray:
    space = np.geomspace if axis.log else np.linspace
    return space(axis.low, axis.high, count + 1)


def _images(measured: Measurements) -> list[np.ndarray]:
    """The spectra on the picture's frequency rows, lowest first."""
    edges = _edges(measured.frequency, ROWS)
    return [band_power(one, edges) for one in measured.spectra]


def decibels(power: np.ndarray) -> np.ndarray:
    """A power in dB, at least -200."""
    return 10 * np.log10(np.maximum(power, 1e-20))


def _log(magnitude: Any) -> Any:
    return np.log(magnitude + LOG_EPSILON)


def _tens(value: float) -> float:
    """`value` rounded up to a multiple of ten, at least 10."""
    return 10.0 * max(math.ceil(value / 10), 1)


def top_db(levels_db: Sequence[float]) -> float:
    """The upper end of a dB scale: the highest level rounded up to a ten, at least -60."""
    return max(10.0 * math.ceil(max(levels_db) / 10), -60.0)
