"""Jumps of the level at borders: a known step is found there, and noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.borders import border_jumps

RATE = 8000


def test_a_step_of_level_at_each_border_is_found(rng):
    noise = np.sign(rng.standard_normal((2, 5 * RATE)))
    borders = [RATE, 2 * RATE, 3 * RATE, 4 * RATE]
    steady = border_jumps(noise, borders, RATE)
    assert (steady.at_borders, steady.elsewhere) == (0, 0)
    stepped = noise * np.repeat([1.0, 0.5, 1.0, 0.5, 1.0], RATE)
    found = border_jumps(stepped, borders, RATE)
    assert found.at_borders == pytest.approx(20 * np.log10(2), abs=1e-6)
    assert found.elsewhere == pytest.approx(0, abs=1e-9)


def test_of_sound_without_borders_the_ratio_is_one(rng):
    noise = rng.standard_normal(200 * RATE)
    assert border_jumps(noise, range(RATE, 200 * RATE, RATE), RATE).ratio == pytest.approx(
        1, abs=0.2
    )
