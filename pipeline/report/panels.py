"""The pictures of a report, with axes whose labels are text of the page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

from pipeline.audio.sound import Audio
from pipeline.plots.figures import draw
from pipeline.plots.panels import Axis, Curve, Picture
from pipeline.report.document import data_uri
from pipeline.stage import Tick

SHOWN = {"Spectrogram": 2, "Change": 1, "Average spectrum": 1, "Waveform": 2}
"""How many pictures of each view a report has, in this order."""

NAMES = ("Input", "Result")

Ticks = tuple[tuple[float, str], ...]
"""(place in percent from the axis' low end, label) of each tick."""


@dataclass(frozen=True)
class Panel:
    """A picture as the template needs it.

    Attributes:
        light, dark: data URIs.
        x, y: ticks; `x_unit`, `y_unit` follow the last label.
        colours: of a heat map, from low to high: of the light theme, and of the dark.
        low, high: the ends of the colour scale.
    """

    title: str
    description: str
    light: str
    dark: str
    x: Ticks
    y: Ticks
    x_unit: str
    y_unit: str
    key: tuple[Curve, ...]
    colours: tuple[tuple[str, ...], ...] = ()
    low: str = ""
    high: str = ""


def panels(degraded: Audio, restored: Audio, tick: Tick) -> list[Panel]:
    """The pictures of a recording and its result."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = draw(degraded, restored, folder, names=NAMES, tick=tick)
        views = [[one for one in pictures if one.view == view][:n] for view, n in SHOWN.items()]
        return [_panel(one) for view in views for one in view]


def _panel(picture: Picture) -> Panel:
    light, dark = (data_uri(p.read_bytes(), "image/png") for p in (picture.light, picture.dark))
    scale = picture.scale
    return Panel(
        picture.title, picture.description, light, dark, ticks(picture.x), ticks(picture.y),
        _unit(picture.x), _unit(picture.y), picture.key,
        (scale.light, scale.dark) if scale else (), _number(scale.low) if scale else "",
        f"{_number(scale.high)} {scale.unit}".rstrip() if scale else "",
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "\u2212")


def _unit(axis: Axis) -> str:
    return "min" if _in_minutes(axis) else axis.unit


def _in_minutes(axis: Axis) -> bool:
    return axis.unit == "s" and axis.high - axis.low > 300


def ticks(axis: Axis, most: int = 6) -> Ticks:
    """Round values along a linear axis; time of more than five minutes is in minutes."""
    from matplotlib.ticker import MaxNLocator

    step = 1000.0 if axis.unit == "kHz" else 60.0 if _in_minutes(axis) else 1.0
    low, high = axis.low / step, axis.high / step
    values = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = 1e-6 * (high - low)
    return tuple(
        (round(100 * (value - low) / (high - low), 3), _number(value))
        for value in values
        if low - slack <= value <= high + slack
    )
