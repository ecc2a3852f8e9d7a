"""The order of a listening test, drawn from a seed: random, balanced, and the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator


@dataclass(frozen=True)
class Trial:
    """One screen of a test.

    Attributes:
        item: the recording.
        conditions: in the order in which the listener meets them; of ABX those of A, B and X.
    """

    item: str
    conditions: tuple[str, ...]


def abx(items: Sequence[str], pair: tuple[str, str], n_trials: int, seed: int) -> list[Trial]:
    """Trials of an ABX test.

    Every item comes equally often (but for one where they do not divide `n_trials`), and each of
    the pair is A for half of the items. X is a coin toss of its own in each trial: were it balanced
    too, who answers A and B equally often would hit more often than the binomial test expects.
    """
    rng = np.random.default_rng(seed)
    swapped = rng.permutation(np.arange(len(items)) % 2)
    first_of = {
        item: pair[::-1] if swap else pair for item, swap in zip(items, swapped, strict=True)
    }
    order = _blocks(list(items), n_trials, rng)
    return [Trial(item, (*first_of[item], first_of[item][rng.integers(2)])) for item in order]


def mushra(items: Sequence[str], conditions: Sequence[str], seed: int) -> list[Trial]:
    """Trials of a MUSHRA test: every item once, its conditions in an order of their own.

    The orders are independent: a pattern between items would tell one condition by another.
    """
    rng = np.random.default_rng(seed)
    return [Trial(item, _shuffled(conditions, rng)) for item in _shuffled(items, rng)]


def mos(items: Sequence[str], conditions: Sequence[str], seed: int) -> list[Trial]:
    """Trials of a category rating: every condition of every item once.

    They come in blocks. A block has each item once, and in it each condition equally often (but for
    one where they do not divide the number of items). No item follows itself where there are two.
    """
    rng = np.random.default_rng(seed)
    offsets = rng.permutation(len(items))
    names = _shuffled(conditions, rng)
    trials: list[Trial] = []
    for block in range(len(names)):
        new = [
            Trial(item, (names[(offset + block) % len(names)],))
            for item, offset in zip(items, offsets, strict=True)
        ]
        trials += _after(trials, [new[at] for at in rng.permutation(len(new))])
    return trials


def _blocks(items: list[str], count: int, rng: Generator) -> list[str]:
    """`count` items: all of them in random order, again and again."""
    order: list[str] = []
    while len(order) < count:
        order += _shuffled(items, rng)
    return order[:count]


def _after(before: list[Trial], block: list[Trial]) -> list[Trial]:
    """The block, turned by one where its first item would follow itself."""
    repeats = bool(before) and before[-1].item == block[0].item
    return [*block[1:], block[0]] if repeats else block


def _shuffled(names: Sequence[str], rng: Generator) -> tuple[str, ...]:
    return tuple(names[at] for at in rng.permutation(len(names)))
