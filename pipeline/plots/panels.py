"""Panels: PNG files of pure data, and what their edges stand for.

A panel's plot rectangle is the whole picture, so the page writes the axes in its own type, legible
at any width, and a playhead over it is exact at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COLOUR_MAP = "magma"
Colours = tuple[str, str]
"""A colour on light and on dark."""

DEGRADED: Colours = ("#d2691e", "#eaa14f")
RESTORED: Colours = ("#0b6b74", "#4cb5bd")
CHANGED: Colours = ("#6b4fa0", "#b59ae6")
BOTH: Colours = ("#8e98a3", "#69737d")
SIZE_IN, DPI = (6.8, 2.28), 200


@dataclass(frozen=True)
class Axis:
    """One axis of a picture.

    Attributes:
        unit: "s", "kHz", "dB", or "" for samples (full scale is 1).
        low, high: what the picture's two edges stand for, in s, Hz, dB or full scale.
        log: True where the axis is logarithmic between them.
    """

    unit: str
    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Picture:
    """One panel.

    Attributes:
        title: what it shows.
        view: the panels of one view belong side by side.
        light, dark: PNG files for either theme; one file where they would be the same.
        x, y: its axes; `x` is time where its unit is "s".
        key: (text, colour on light, colour on dark) of each curve.
        scale: (unit, low, high, colours from low to high) of a spectrogram, None for curves.
    """

    title: str
    view: str
    light: Path
    dark: Path
    x: Axis
    y: Axis
    key: tuple[tuple[str, str, str], ...] = ()
    scale: tuple[str, float, float, tuple[str, ...]] | None = None


def heat(
    image: np.ndarray,
    title: str,
    view: str,
    path: Path,
    axes: tuple[Axis, Axis],
    scale: tuple[str, float, float],
) -> Picture:
    """Writes (rows, columns) values, first row lowest, as a PNG of 256 colours.

    Args:
        scale: (unit, value of the darkest colour, value of the brightest).
    """
    from matplotlib import colormaps
    from PIL import Image

    _, low, high = scale
    colours = colormaps[COLOUR_MAP](np.arange(256), bytes=True)[:, :3]
    index = np.clip(np.round((image[::-1] - low) / (high - low) * 255), 0, 255)
    picture = Image.fromarray(index.astype(np.uint8), "P")
    picture.putpalette(colours.tobytes())
    picture.save(path, compress_level=4)
    stops = tuple(f"#{colours[i].tobytes().hex()}" for i in range(0, 256, 51))
    return Picture(title, view, path, path, *axes, scale=(*scale, stops))


def areas(
    shapes: Sequence[tuple[np.ndarray, Colours]], axis: Axis, path: Path
) -> tuple[Path, Path]:
    """Draws (columns, 2) shapes from lowest to highest, each over the one before; see `_draw`."""

    def plot(axes: Any, theme: int) -> None:
        for shape, colours in shapes:
            at = np.arange(len(shape))
            axes.fill_between(at, shape[:, 0], shape[:, 1], color=colours[theme], lw=0.6)
        axes.set(xlim=(-0.5, len(shape) - 0.5), ylim=(axis.low, axis.high))

    return _draw(plot, path)


def lines(
    curves: Sequence[tuple[np.ndarray, Colours]], axis: Axis, path: Path
) -> tuple[Path, Path]:
    """Draws (columns,) curves, each over the one before; see `_draw`."""

    def plot(axes: Any, theme: int) -> None:
        for curve, colours in curves:
            axes.plot(np.arange(len(curve)), curve, color=colours[theme], lw=1.4)
        axes.set(xlim=(-0.5, len(curve) - 0.5), ylim=(axis.low, axis.high))

    return _draw(plot, path)


def _draw(plot: Callable[[Any, int], None], path: Path) -> tuple[Path, Path]:
    """Lets `plot(axes, 0 light | 1 dark)` draw on transparent PNGs `path`-light and `path`-dark."""
    from matplotlib.figure import Figure

    paths = []
    for theme, name in enumerate(("light", "dark")):
        figure = Figure(figsize=SIZE_IN, dpi=DPI)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        plot(axes, theme)
        paths.append(path.with_name(f"{path.name}-{name}.png"))
        figure.savefig(paths[-1], transparent=True, pil_kwargs={"compress_level": 4})
    return paths[0], paths[1]
