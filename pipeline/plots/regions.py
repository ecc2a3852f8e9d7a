"""A stretch of some sounds at any zoom: their envelopes, spectrograms and the change between two.

The work is bounded by the size of the picture, however long the sound is, but for the envelope,
which looks at every sample of the stretch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.audio.sound import Audio
from pipeline.plots.figures import CHANGE_SCALE, change_db
from pipeline.plots.panels import DIVERGING_MAPS, ColourScale, coloured
from pipeline.plots.pooling import band_power, envelope, spectrum

MOST_COLUMNS, ROWS = 1200, 320
SHORTEST_FRAMES = 16
ROUNDING = 1e-6  # of a sample
SHORTEST_WINDOW_S, LONGEST_WINDOW_S = 0.0025, 0.25
WINDOWS_A_COLUMN = 2
ASPECT = 2.0


@dataclass(frozen=True)
class Region:
    """What is looked at.

    Attributes:
        start_s, end_s: in seconds.
        low_hz, high_hz: the band of the spectrograms.
        columns: of the pictures.
    """

    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    columns: int = 800

    def fitted(self, seconds: float, top_hz: float, rate: int) -> Region:
        """The region within a sound: finite, in order, at least a few samples long.

        Raises:
            ValueError: a number is not finite.
        """
        numbers = (self.start_s, self.end_s, self.low_hz, self.high_hz)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"region: got {numbers}, expected finite numbers")
        shortest_s = min(SHORTEST_FRAMES / rate, seconds)
        start_s = min(max(self.start_s, 0.0), seconds - shortest_s)
        end_s = min(max(self.end_s, start_s + shortest_s), seconds)
        low_hz = min(max(self.low_hz, 0.0), 0.99 * top_hz)
        high_hz = min(max(self.high_hz, low_hz + 0.01 * top_hz), top_hz)
        columns = min(max(int(self.columns), 50), MOST_COLUMNS)
        return Region(start_s, end_s, low_hz, high_hz, columns)

    @property
    def window_s(self) -> float:
        """A window as long in time as a cell of the picture: short where time is looked at."""
        cell = (self.end_s - self.start_s) / (self.high_hz - self.low_hz)
        return min(max(math.sqrt(cell / ASPECT), SHORTEST_WINDOW_S), LONGEST_WINDOW_S)


def envelopes(sounds: Sequence[Audio], region: Region) -> list[np.ndarray]:
    """(columns, 2) lowest and highest samples of each sound; each sample where there are few."""
    shapes = []
    for audio in sounds:
        span = _span(audio, region)
        shapes.append(envelope(audio, min(MOST_COLUMNS, span[1] - span[0]), span))
    return shapes


def spectrogram(audio: Audio, region: Region) -> np.ndarray:
    """(ROWS, columns) power in dB; 0 is a full-scale sine."""
    span = _span(audio, region)
    columns = min(region.columns, span[1] - span[0])
    one = spectrum(audio, columns, span, window_s=region.window_s, most=WINDOWS_A_COLUMN)
    power = band_power(one, np.linspace(region.low_hz, region.high_hz, ROWS + 1))
    return 10 * np.log10(np.maximum(power, 1e-20))


def pictures(
    sounds: Sequence[Audio], region: Region, scale: ColourScale, pair: tuple[int, int] = (0, 1)
) -> list[bytes]:
    """PNGs: the spectrogram of each sound, and the change of a pair for light and dark theme."""
    images = [spectrogram(audio, region) for audio in sounds]
    drawn = [coloured(image, scale) for image in images]
    if max(pair) < len(images) and images[pair[0]].shape == images[pair[1]].shape:
        change = change_db(images[pair[0]], images[pair[1]], scale.low)
        drawn += [coloured(change, CHANGE_SCALE, name) for name in DIVERGING_MAPS]
    return drawn


def _span(audio: Audio, region: Region) -> tuple[int, int]:
    start = min(math.floor(region.start_s * audio.rate + ROUNDING), audio.frames - 1)
    stop = math.ceil(region.end_s * audio.rate - ROUNDING)
    return start, min(max(stop, start + 1), audio.frames)
