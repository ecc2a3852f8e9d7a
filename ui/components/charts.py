"""Small charts as HTML: inline SVG for what is drawn, the page's own type for what is written.

The SVG is stretched to the width there is; strokes are not, and text stands outside of it, so a
chart is as sharp and legible on a phone as on a wide page. Colours are the page's, light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SIDE = 1000
MOST_POINTS = 160
Point = tuple[float, float]


@dataclass(frozen=True)
class Level:
    """A horizontal line to compare with: what it is called, and where it lies."""

    name: str
    value: float


@dataclass(frozen=True)
class Scale:
    """What the edges of a drawing stand for."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Where a value lies, 0 to 1 from the low edge."""
        return (value - self.low) / (self.high - self.low)


def chart(
    points: Sequence[Point],
    *,
    label: str,
    across: Scale,
    level: Level | None = None,
    best: Point | None = None,
    digits: int = 3,
) -> str:
    """A curve with its points, over an axis of steps, beside the level to compare it with.

    Args:
        points: (x, y), in the order of x; values that are no number are left out.
        label: what it shows, for those who cannot see it.
        across: of the x axis.
        best: the point to mark; one of `points`.
        digits: decimals of the values.
    """
    points = finite(points)
    up = around([y for _, y in points] + ([level.value] if level else []))
    drawn = _grid(up) + _level(level, up) + _curve(points, across, up, "wmf-line")
    spots = "".join(_spot(point, across, up, point == best, digits) for point in points)
    ticks = "".join(
        f'<span style="bottom:{100 * up.at(y):.2f}%">{y:.{_digits(up)}f}</span>' for y in nice(up)
    )
    below = "".join(
        f'<span style="left:{100 * across.at(x):.2f}%">{x:,.0f}</span>' for x in nice(across, 5)
    )
    return f"""<div class="wmf-chart"><div class="wmf-y">{ticks}</div>
<div class="wmf-plot">{_svg(drawn, label)}{_named(level, up, digits)}{spots}</div>
<div class="wmf-x">{below}</div></div>"""


def spark(points: Sequence[Point], label: str) -> str:
    """A curve without axes, as high as its line of text; the trend is what it shows."""
    thin = thinned(finite(points))
    if len(thin) < 2:
        return _svg("", label, "wmf-spark")
    across, up = Scale(thin[0][0], thin[-1][0]), around([y for _, y in thin])
    return _svg(_curve(thin, across, up, "wmf-line"), label, "wmf-spark")


def finite(points: Sequence[Point]) -> list[Point]:
    """Without points that cannot be drawn."""
    return [point for point in points if all(math.isfinite(value) for value in point)]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most so many points: means of neighbours, so that noise does not hide a trend."""
    size = math.ceil(len(points) / most)
    groups = [points[start : start + size] for start in range(0, len(points), max(size, 1))]
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group))
        for group in groups
    ]


def around(values: Sequence[float]) -> Scale:
    """A scale with some room around the values; of no values, from 0 to 1."""
    if not values:
        return Scale(0.0, 1.0)
    low, high = min(values), max(values)
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return Scale(low - room, high + room)


def nice(scale: Scale, count: int = 4) -> list[float]:
    """Round values within a scale, about so many."""
    rough = (scale.high - scale.low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def _digits(scale: Scale) -> int:
    return max(0, min(4, 1 - math.floor(math.log10(scale.high - scale.low))))


def _svg(inner: str, label: str, name: str = "") -> str:
    return (
        f'<svg class="{name}" viewBox="0 0 {SIDE} {SIDE}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{inner}</svg>'
    )


def _grid(up: Scale) -> str:
    lines = "".join(f"M0 {_y(up, y)}H{SIDE}" for y in nice(up))
    return f'<path class="wmf-grid" d="{lines}"/>'


def _level(level: Level | None, up: Scale) -> str:
    return f'<path class="wmf-level" d="M0 {_y(up, level.value)}H{SIDE}"/>' if level else ""


def _named(level: Level | None, up: Scale, digits: int) -> str:
    if level is None:
        return ""
    text = f"{escape(level.name)} {level.value:.{digits}f}"
    return f'<span class="wmf-name" style="bottom:{100 * up.at(level.value):.2f}%">{text}</span>'


def _curve(points: Sequence[Point], across: Scale, up: Scale, name: str) -> str:
    places = "L".join(f"{SIDE * across.at(x):.1f} {_y(up, y)}" for x, y in points)
    return f'<path class="{name}" d="M{places}"/>' if len(points) > 1 else ""


def _spot(point: Point, across: Scale, up: Scale, best: bool, digits: int) -> str:
    x, y = point
    said = f"step {x:,.0f}: {y:.{digits}f}{', the best so far' if best else ''}"
    return (
        f'<i class="wmf-spot{" wmf-best" if best else ""}" title="{said}" '
        f'style="left:{100 * across.at(x):.2f}%;bottom:{100 * up.at(y):.2f}%"></i>'
    )


def _y(up: Scale, value: float) -> str:
    return f"{SIDE * (1 - up.at(value)):.1f}"
