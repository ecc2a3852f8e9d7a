"""Pictures of several versions of one recording: all on one scale, and any two of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.plots import descriptions, figures
from pipeline.plots.figures import AVERAGE_RANGE_DB, COLUMNS, Measurements, decibels, top_db
from pipeline.plots.panels import CHANGED, DEGRADED, RESTORED, Axis, Colours, Curve, Picture, lines
from pipeline.plots.pooling import band_power
from pipeline.stage import Tick, no_tick

COLOURS: tuple[Colours, ...] = (
    DEGRADED, RESTORED, CHANGED, ("#2f6fb5", "#72aaea"), ("#a8326b", "#ea86b4"),
    ("#4f5963", "#c8d0d8"),
)  # fmt: skip
"""Of the curves, in the order of the sounds; as many sounds can be drawn."""


def draw_all(
    sounds: Sequence[tuple[str, Audio]], folder: Path | str, tick: Tick = no_tick
) -> list[Picture]:
    """Spectrograms of all named sounds on one colour scale, and their average spectra in one chart.

    Args:
        sounds: of one length, at most as many as `COLOURS`; a lower rate is resampled.
        folder: existing folder for the PNG files.
    """
    measured = figures.measure_all(sounds, tick)
    pictures = figures.spectrogram_pair(measured, Path(folder))
    return [*pictures, average_spectra(measured, Path(folder))]


def draw_pair(
    before: tuple[str, Audio], after: tuple[str, Audio], folder: Path | str, tick: Tick = no_tick
) -> list[Picture]:
    """The change between two named sounds, and their waveforms over each other.

    Arguments and errors as of `pipeline.plots.figures.draw`.
    """
    names = (before[0], after[0])
    measured = figures.measure(before[1], after[1], names=names, tick=tick)
    folder = Path(folder)
    return [*figures.change_map(measured, folder), *figures.waveforms(measured, folder)]


def average_spectra(measured: Measurements, folder: Path) -> Picture:
    """The long-term average spectra in dB (0 is a full-scale sine), a curve each."""
    edges = np.linspace(measured.frequency.low, measured.frequency.high, COLUMNS + 1)
    averages = [one.average() for one in measured.spectra]
    curves = [decibels(band_power(average, edges)[:, 0]) for average in averages]
    high = top_db([float(curve.max()) for curve in curves])
    levels = Axis("dB", high - AVERAGE_RANGE_DB, high)
    # the first sound is drawn last: the others are judged against it
    coloured = list(zip(curves, COLOURS, strict=False))
    files = lines(coloured[::-1], levels, folder / "averages")
    key = tuple(Curve(name, *one) for name, one in zip(measured.names, COLOURS, strict=False))
    said = [
        f"{name}: {descriptions.levels(one, measured.frequency.high)}."
        for name, one in zip(measured.names, measured.spectra, strict=True)
    ]
    description = f"Average spectra. {' '.join(said)}"
    return Picture(
        "Average", "Average spectrum", *files, measured.frequency, levels, key,
        description=description,
    )  # fmt: skip
