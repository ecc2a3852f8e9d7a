"""Pictures of a recording before and after: files of pure data, the page draws the axes around them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.audio import Audio
from pipeline.stage import Tick, no_tick


@dataclass(frozen=True)
class Axis:
    """One axis of a picture.

    Attributes:
        unit: "s", "kHz", "dB" or "" (full scale), as written at the ticks.
        low, high: values at the picture's two edges, in s, Hz, dB or full scale.
        log: True where the axis is logarithmic between them.
        ticks: (fraction of the way from low to high, text).
    """

    unit: str
    low: float
    high: float
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Picture:
    """One drawn panel. Its plot rectangle is the whole picture, so a playhead is exact at any size.

    Attributes:
        title: what it shows.
        view: the pictures of one view belong side by side.
        light, dark: PNG files, the same picture for either theme (they may be the same file).
        x, y: the axes; x is time where its unit is "s".
        key: (text, colour on light, colour on dark) of each curve.
        scale: colour scale as (unit, low, high, colours from low to high), None for curves.
    """

    title: str
    view: str
    light: Path
    dark: Path
    x: Axis
    y: Axis
    key: tuple[tuple[str, str, str], ...] = ()
    scale: tuple[str, float, float, tuple[str, ...]] | None = None


def draw(
    degraded: Audio, restored: Audio, folder: Path | str, tick: Tick = no_tick
) -> list[Picture]:
    """Draws every view of a degraded recording and its restoration into `folder`."""
    return []
