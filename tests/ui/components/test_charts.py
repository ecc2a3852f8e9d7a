"""Charts: points lie where their values say, and text is only ever text."""

from __future__ import annotations

import re

import pytest

from ui.components import charts
from ui.components.charts import Level, Scale

EVIL = "<img src=x onerror=alert(1)>"


def test_a_curve_s_points_lie_where_their_values_say() -> None:
    drawn = charts.chart(
        [(0, 2.0), (50, 1.0), (60, float("nan"))], label=EVIL, across=Scale(0, 100),
        level=Level("base", 2.0), best=(50, 1.0),
    )  # fmt: skip
    assert EVIL not in drawn
    spots = re.findall(r"left:([\d.]+)%;bottom:([\d.]+)%", drawn)
    assert [(float(x), float(y)) for x, y in spots] == [(0, 90.32), (50, 9.68)]
    named = re.search(r'wmf-name" style="bottom:([\d.]+)%">base 2.000', drawn)
    assert named and float(named[1]) == 90.32
    assert drawn.count("wmf-best") == 1


@pytest.mark.parametrize("values", [[], [1.0], [3.0, 3.0], [0.0, 0.0], [-1e-9, 1e9]])
def test_any_values_have_a_scale_and_ticks_within_it(values: list[float]) -> None:
    scale = charts.around(values)
    assert all(0 <= scale.at(value) <= 1 for value in values)
    assert 2 <= len(charts.nice(scale)) <= 12
    assert all(scale.low <= tick <= scale.high for tick in charts.nice(scale))


def test_thinning_keeps_the_mean_and_the_number_small() -> None:
    thin = charts.thinned([(float(x), float(x % 2)) for x in range(1600)])
    assert len(thin) == 160 and {y for _, y in thin} == {0.5}
    assert charts.thinned([]) == []


@pytest.mark.parametrize("last", [1, 2, 3, 7, 20, 50_000])
def test_the_axis_of_steps_has_whole_numbers_each_once(last: int) -> None:
    drawn = charts.chart([(0, 2.0), (last, 1.0)], label="", across=Scale(0, last))
    axis = drawn[drawn.index("wmf-x") :]
    ticks = re.findall(r"left:([\d.]+)%\">([\d,]+)<", axis)
    steps = [int(text.replace(",", "")) for _, text in ticks]
    assert 2 <= len(set(steps)) == len(steps)
    assert [float(share) for share, _ in ticks] == pytest.approx(
        [100 * s / last for s in steps], abs=0.01
    )
