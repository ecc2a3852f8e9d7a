"""Panels: PNG files of data alone, and the axes that the page draws around them.

The plot area fills the whole picture: the page writes axis labels in its own font, legible at any
width, and places the playhead exactly at any size.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

COLOUR_MAP = "magma"
DIVERGING_MAPS = ("RdBu_r", "berlin")
"""From blue (less) to red (more): for the light theme, and for the dark."""

Colours = tuple[str, str]
"""A colour for the light theme and one for the dark."""

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
        low, high: values at the picture's two edges, in s, Hz, dB or full scale.
        log: whether the axis is logarithmic.
    """

    unit: str
    low: float
    high: float
    log: bool = False


class Curve(NamedTuple):
    """The legend's entry for a curve: its label, and its colour in either theme."""

    label: str
    light: str
    dark: str


class ColourScale(NamedTuple):
    """The colours of a heat map, and the values of the first and the last.

    Attributes:
        unit: "dB", or "" for none.
        low, high: values of the first and the last colour.
        light, dark: colours for either theme, evenly spaced; empty until the map is drawn.
    """

    unit: str
    low: float
    high: float
    light: tuple[str, ...] = ()
    dark: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """One panel.

    Attributes:
        title: what it shows.
        view: panels of the same view are shown side by side.
        light, dark: PNG files for either theme; a heat map has one file for both.
        x, y: its axes; `x` is time where its unit is "s".
        key: the legend, empty for a single curve.
        scale: of a heat map, None for curves.
        description: its content in a sentence, for those who cannot see it.
    """

    title: str
    view: str
    light: Path
    dark: Path
    x: Axis
    y: Axis
    key: tuple[Curve, ...] = ()
    scale: ColourScale | None = None
    description: str = ""


def heat_map(
    image: np.ndarray,
    title: str,
    view: str,
    path: Path,
    axes: tuple[Axis, Axis],
    scale: ColourScale,
    description: str = "",
    colour_maps: Sequence[str] = (COLOUR_MAP,),
) -> Picture:
    """Writes (rows, columns) values, first row lowest, as PNGs of 256 colours.

    Args:
        path: of the PNG; of two, their names end in -0 and -1.
        colour_maps: one for both themes, or one for the light and one for the dark.
    """
    paths = [path]
    if len(colour_maps) > 1:
        paths = [path.with_name(f"{path.stem}-{at}.png") for at in range(len(colour_maps))]
    for one, name in zip(paths, colour_maps, strict=True):
        one.write_bytes(coloured(image, scale, name))
    scale = scale._replace(light=_stops(colour_maps[0]), dark=_stops(colour_maps[-1]))
    return Picture(title, view, paths[0], paths[-1], *axes, scale=scale, description=description)


def coloured(image: np.ndarray, scale: ColourScale, colour_map: str = COLOUR_MAP) -> bytes:
    """(rows, columns) values, first row lowest, as a PNG of 256 colours."""
    from matplotlib import colormaps
    from PIL import Image

    index = np.clip(np.round((image[::-1] - scale.low) / (scale.high - scale.low) * 255), 0, 255)
    picture = Image.fromarray(index.astype(np.uint8), "P")
    picture.putpalette(colormaps[colour_map](np.arange(256), bytes=True)[:, :3].tobytes())
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _stops(colour_map: str) -> tuple[str, ...]:
    from matplotlib import colormaps

    colours = colormaps[colour_map](np.arange(256), bytes=True)[:, :3]
    return tuple(f"#{colours[i].tobytes().hex()}" for i in range(0, 256, 51))


def areas(
    shapes: Sequence[tuple[np.ndarray, Colours]], axis: Axis, path: Path
) -> tuple[Path, Path]:
    """Fills (columns, 2) shapes from lowest to highest, each over the one before; see `_draw`."""

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
    """Writes transparent PNGs `path`-light and `path`-dark; `plot(axes, 0 or 1)` draws on each."""
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
