"""The orders of a listening test are random, balanced, and drawn from their seed."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np

from pipeline.evaluation.listening import orders

ITEMS = ("a", "b", "c", "d", "e", "f")


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    for draw in (
        lambda seed: orders.abx(ITEMS, ("x", "y"), 12, seed),
        lambda seed: orders.mushra(ITEMS, ("x", "y", "z"), seed),
        lambda seed: orders.mos(ITEMS, ("x", "y", "z"), seed),
    ):
        assert draw(3) == draw(3) != draw(4)


def test_abx_balances_items_and_what_is_a_and_tosses_a_coin_for_x() -> None:
    xs = []
    for seed in range(200):
        trials = orders.abx(ITEMS, ("x", "y"), 15, seed)
        assert set(Counter(trial.item for trial in trials).values()) == {2, 3}
        assert len({trial.item for trial in trials[:6]}) == 6
        first = {trial.item: trial.conditions[0] for trial in trials}
        assert Counter(first.values()) == {"x": 3, "y": 3}
        xs.append([trial.conditions[2] == trial.conditions[0] for trial in trials])
    counts = np.sum(xs, axis=1)
    assert abs(np.mean(xs) - 0.5) < 4 * 0.5 / np.sqrt(3000)
    assert 0.7 < counts.var() / (15 / 4) < 1.4, "the number of X = A is binomial, not fixed"


def test_mushra_has_every_item_once_in_orders_of_their_own() -> None:
    trials = orders.mushra(ITEMS, ("x", "y", "z"), 0)
    assert sorted(trial.item for trial in trials) == sorted(ITEMS)
    assert all(sorted(trial.conditions) == ["x", "y", "z"] for trial in trials)
    assert len({trial.conditions for trial in trials}) > 2


def test_mos_is_balanced_block_by_block_and_repeats_no_item() -> None:
    for seed in range(50):
        trials = orders.mos(ITEMS, ("x", "y", "z"), seed)
        assert len(set(trials)) == len(trials) == 18
        for start in range(0, 18, 6):
            block = trials[start : start + 6]
            assert sorted(trial.item for trial in block) == sorted(ITEMS)
            assert set(Counter(trial.conditions for trial in block).values()) == {2}
        pairs = itertools.pairwise(trials)
        assert not [one for one, other in pairs if one.item == other.item]
