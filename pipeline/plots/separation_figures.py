"""Figures of separated sound: the spread of the ratios, and the borders of an estimate's pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.evaluation.segment_sdr import SegmentSdr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_FFT, HOP, RANGE_DB = 512, 256, 80.0


def sdr_violin(sources: Mapping[str, SegmentSdr]) -> Figure:
    """How the ratios of the segments of each source are spread.

    A black point is the median, a blue line the mean, a dashed line reaches from the lowest to the
    highest ratio. Source: Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR), figure 3.

    Args:
        sources: name -> ratios, at least two finite ones each.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1 + 1.2 * len(sources)), layout="constrained")
    axes = figure.subplots()
    values = [part.values[np.isfinite(part.values)] for part in sources.values()]
    rows = range(1, len(values) + 1)
    bodies = axes.violinplot(values, orientation="horizontal", showmeans=True, showextrema=False)
    bodies["cmeans"].set_color("navy")
    for row, ratios in zip(rows, values, strict=True):
        axes.plot([ratios.min(), ratios.max()], [row, row], "--", color="grey", linewidth=1)
        axes.plot([ratios.min(), ratios.max()], [row, row], "|", color="grey")
        axes.plot(np.median(ratios), row, "o", color="black", markersize=5)
    axes.set_yticks(list(rows), list(sources))
    axes.set_xlabel("SDR of a segment (dB)")
    return figure


def border_spectrograms(estimates: Mapping[str, tuple[Audio, Sequence[float]]]) -> Figure:
    """Spectrograms of estimates, with a red tick at each border of the pieces that they consist of.

    Source: Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR), figure 4.

    Args:
        estimates: name -> (sound, borders in seconds).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.4 * len(estimates)), layout="constrained")
    rows = figure.subplots(len(estimates), squeeze=False, sharex=True)[:, 0]
    for axes, (name, (audio, borders_s)) in zip(rows, estimates.items(), strict=True):
        image = _decibels(audio)
        extent = (0, audio.seconds, 0, audio.rate / 2000)
        top = float(image.max())
        axes.imshow(
            image, origin="lower", aspect="auto", extent=extent, vmin=top - RANGE_DB, vmax=top
        )
        for border_s in borders_s:
            axes.axvline(border_s, 0, 0.06, color="red")
            axes.axvline(border_s, 0.94, 1, color="red")
        axes.set_title(name)
        axes.set_ylabel("kHz")
    rows[-1].set_xlabel("s")
    return figure


def _decibels(audio: Audio) -> np.ndarray:
    """(F, N) power of the channels' mean in dB."""
    mono = np.pad(audio.samples.mean(axis=0), (0, N_FFT))
    frames = np.lib.stride_tricks.sliding_window_view(mono, N_FFT)[::HOP]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(N_FFT)))).T
    return 10 * np.log10(power + 1e-10)
