"""What is fixed before the first trial of a listening test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.evaluation.listening.anchors import CUTOFFS_HZ, REFERENCE
from pipeline.evaluation.listening.answers import ABX, MOS, MUSHRA
from ui.listen.items import Versions, conditions_of, items_of
from ui.listen.sounds import Stretch

MOST_TRIALS = 200
MOST_SYSTEMS = 9 - 1 - len(CUTOFFS_HZ)
"""Each stimulus of a MUSHRA trial has a digit; the hidden reference and the anchors take three."""


@dataclass(frozen=True)
class Plan:
    """A test as it is planned.

    Attributes:
        test: "abx", "mushra" or "mos".
        listener: an anonymous name.
        seed: of all orders.
        stretch: of every item.
        pair: of ABX the two conditions.
        n_trials: of ABX.
        training: of ABX: every answer is judged at once, and none is kept.
        reference: of MUSHRA the condition that is the reference.
    """

    test: str
    listener: str
    seed: int
    stretch: Stretch
    pair: tuple[str, str] = ("", "")
    n_trials: int = 16
    training: bool = False
    reference: str = ""


def check(plan: Plan, versions: Versions) -> None:
    """Raises `ValueError` where the plan does not fit the items; the message says the cure."""
    conditions = conditions_of(versions)
    if not versions:
        raise ValueError("Add recordings first.")
    if plan.test == ABX:
        _check_abx(plan, conditions)
    if plan.test == MUSHRA:
        _check_mushra(plan, conditions)
    names = wanted(plan, versions)
    there = {(one.item, one.condition) for one in versions}
    for item in items_of(versions):
        missing = [name for name in names if (item, name) not in there]
        if missing:
            raise ValueError(f"{item} has no {missing[0]!r}: every item needs every condition.")
    if plan.test == MOS and len(versions) > MOST_TRIALS:
        raise ValueError(f"got {len(versions)} sounds to rate, expected at most {MOST_TRIALS}")


def wanted(plan: Plan, versions: Versions) -> list[str]:
    """The conditions that the test needs."""
    return list(plan.pair) if plan.test == ABX else conditions_of(versions)


def name_of(plan: Plan, condition: str) -> str:
    """What a condition is called in the results."""
    return REFERENCE if plan.test == MUSHRA and condition == plan.reference else condition


def _check_abx(plan: Plan, conditions: Sequence[str]) -> None:
    if len(set(plan.pair)) < 2 or not set(plan.pair) <= set(conditions):
        raise ValueError("Choose two different conditions to compare.")
    if not 1 <= plan.n_trials <= MOST_TRIALS:
        raise ValueError(f"got {plan.n_trials} trials, expected 1 to {MOST_TRIALS}")


def _check_mushra(plan: Plan, conditions: Sequence[str]) -> None:
    if plan.reference not in conditions:
        raise ValueError("Choose which condition is the reference.")
    systems = [name for name in conditions if name != plan.reference]
    if not 1 <= len(systems) <= MOST_SYSTEMS:
        raise ValueError(
            f"got {len(systems)} conditions beside the reference, expected 1 to {MOST_SYSTEMS}"
        )
    if taken := {REFERENCE, *CUTOFFS_HZ} & set(systems):
        raise ValueError(f"{sorted(taken)[0]!r} is the test's own name: rename that condition.")
