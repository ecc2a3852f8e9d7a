"""Small charts as HTML: inline SVG for what is drawn, the page's own type for what is written.

The SVG is stretched to the width there is; strokes are not, and text stands outside of it, so a
chart is as sharp and legible on a phone as on a wide page. Colours are the page's, light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ui.components.rendering import render

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
    return render(
        "components/chart.html",
        side=SIDE,
        label=label,
        grid="".join(f"M0 {_y(up, y)}H{SIDE}" for y in nice(up)),
        curve=_curve(points, across, up),
        level=_level(level, up, digits) if level else None,
        rows=[(_share(up, y), f"{y:.{_digits(up)}f}") for y in nice(up)],
        columns=[(_share(across, x), f"{x:,.0f}") for x in nice(across, 5, smallest=1.0)],
        spots=[_spot(point, across, up, point == best, digits) for point in points],
    )


def spark(points: Sequence[Point], label: str, beside: Sequence[Point] = ()) -> str:
    """A curve without axes, as high as its line of text; the trend is what it shows.

    Args:
        points: (x, y), in the order of x.
        label: what it shows, for those who cannot see it.
        beside: a second curve on the same scales, dashed.
    """
    thin, other = thinned(finite(points)), thinned(finite(beside))
    curve = dashed = ""
    if len(thin) > 1:
        xs, ys = zip(*thin, *other, strict=True)
        across, up = Scale(min(xs), max(xs)), around(ys)
        curve, dashed = _curve(thin, across, up), _curve(other, across, up)
    return render("components/spark.html", side=SIDE, label=label, curve=curve, dashed=dashed)


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


def nice(scale: Scale, count: int = 4, smallest: float = 0.0) -> list[float]:
    """Round values within a scale, about so many, and at least `smallest` apart."""
    rough = max((scale.high - scale.low) / count, smallest)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def _digits(scale: Scale) -> int:
    return max(0, min(4, 1 - math.floor(math.log10(scale.high - scale.low))))


def _level(level: Level, up: Scale, digits: int) -> dict[str, str]:
    return {
        "path": f"M0 {_y(up, level.value)}H{SIDE}",
        "share": _share(up, level.value),
        "text": f"{level.name} {level.value:.{digits}f}",
    }


def _curve(points: Sequence[Point], across: Scale, up: Scale) -> str:
    """The curve as an SVG path; a single point has none."""
    corners = "L".join(f"{SIDE * across.at(x):.1f} {_y(up, y)}" for x, y in points)
    return f"M{corners}" if len(points) > 1 else ""


def _spot(point: Point, across: Scale, up: Scale, best: bool, digits: int) -> dict[str, Any]:
    x, y = point
    return {
        "best": best,
        "text": f"step {x:,.0f}: {y:.{digits}f}{', the best so far' if best else ''}",
        "left": _share(across, x),
        "bottom": _share(up, y),
    }


def _share(scale: Scale, value: float) -> str:
    """Where a value lies on a scale, in percent."""
    return f"{100 * scale.at(value):.2f}"


def _y(up: Scale, value: float) -> str:
    return f"{SIDE * (1 - up.at(value)):.1f}"
