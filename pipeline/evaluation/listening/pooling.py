"""The results of listening tests: answers of one or many listeners, pooled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.evaluation.listening.anchors import MID_ANCHOR, REFERENCE
from pipeline.evaluation.listening.answers import ABX, MOS, MUSHRA, SCALES, Answer
from pipeline.evaluation.listening.statistics import (
    Mean,
    abx_p_value,
    mean_of,
    on_scale,
    vote_counts,
)

ALL = "all listeners"
SCREEN_SCORE, SCREEN_SHARE = 90, 0.15
SCREENING = (
    "A listener is left out who gave the hidden reference less than 90, or the 7 kHz anchor more "
    "than 90, for more than 15 % of the items (ITU-R BS.1534-3, 4.1.2)."
)


@dataclass(frozen=True)
class Abx:
    """The ABX answers about one pair of conditions.

    Attributes:
        pair: the two conditions.
        listener: whose they are, or ALL.
        p_value: of so many correct answers, or more, by guessing.
    """

    pair: tuple[str, str]
    listener: str
    n_correct: int
    n_trials: int
    p_value: float


@dataclass(frozen=True)
class Rated:
    """The ratings of one condition.

    Attributes:
        listener: whose they are, or ALL.
        counts: of MOS how often each vote from 1 to 5 was given; empty for MUSHRA.
    """

    condition: str
    listener: str
    score: Mean
    counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Excluded:
    """A listener whom the post-screening leaves out of the MUSHRA means, and why."""

    listener: str
    reason: str


@dataclass(frozen=True)
class Pooled:
    """All results.

    Attributes:
        n_listeners: who gave an answer.
        abx, mushra, mos: of each pair or condition ALL first, then one by one.
        excluded: by the post-screening; their ratings are not in `mushra`.
        n_repeated: rows that were there twice; they count once.
        n_unfinished: ABX runs with fewer trials than planned; they do not count.
    """

    n_listeners: int
    abx: tuple[Abx, ...]
    mushra: tuple[Rated, ...]
    mos: tuple[Rated, ...]
    excluded: tuple[Excluded, ...]
    n_repeated: int
    n_unfinished: int


def pooled(answers: Sequence[Answer]) -> Pooled:
    """The results of these answers; a row that is there twice counts once."""
    rows = list(dict.fromkeys(answers))
    finished, n_unfinished = _finished([row for row in rows if row.test == ABX])
    ratings = [row for row in rows if row.test == MUSHRA]
    excluded = _screened(ratings)
    out = {one.listener for one in excluded}
    return Pooled(
        n_listeners=len({row.listener for row in rows}),
        abx=_abx(finished),
        mushra=_rated([row for row in ratings if row.listener not in out]),
        mos=_rated([row for row in rows if row.test == MOS]),
        excluded=excluded,
        n_repeated=len(answers) - len(rows),
        n_unfinished=n_unfinished,
    )


def _finished(rows: Iterable[Answer]) -> tuple[list[Answer], int]:
    """The rows of runs that have every planned trial, and how many runs have not.

    A run that somebody ended early may have been ended because it looked good.
    """
    runs = defaultdict(list)
    for row in rows:
        runs[row.listener, row.seed, row.planned, _pair(row)].append(row)
    whole = [run for run in runs.values() if _is_whole(run)]
    return [row for run in whole for row in run], len(runs) - len(whole)


def _is_whole(run: Sequence[Answer]) -> bool:
    return len(run) == len({row.order for row in run}) == run[0].planned


def _pair(row: Answer) -> tuple[str, str]:
    first, second = sorted((row.condition, row.against))
    return first, second


def _abx(rows: Sequence[Answer]) -> tuple[Abx, ...]:
    groups = _grouped((_pair(row), row.listener, row) for row in rows)
    results = []
    for (pair, listener), group in groups.items():
        n_correct = sum(row.correct == "yes" for row in group)
        p_value = abx_p_value(n_correct, len(group))
        results.append(Abx(pair, listener, n_correct, len(group), p_value))
    return tuple(results)


def _rated(rows: Sequence[Answer]) -> tuple[Rated, ...]:
    groups = _grouped((row.condition, row.listener, row) for row in rows)
    return tuple(
        _rating(condition, listener, group) for (condition, listener), group in groups.items()
    )


def _rating(condition: str, listener: str, rows: Sequence[Answer]) -> Rated:
    scores, test = [row.score for row in rows], rows[0].test
    mean = on_scale(mean_of(scores), *SCALES[test])
    return Rated(condition, listener, mean, vote_counts(scores) if test == MOS else ())


def _grouped(rows: Iterable[tuple]) -> dict[tuple, list[Answer]]:
    """(what, ALL) and (what, listener), in order -> rows; one listener alone is ALL."""
    groups: dict[tuple, list[Answer]] = defaultdict(list)
    listeners: dict[object, set[str]] = defaultdict(set)
    for what, listener, row in rows:
        groups[what, ""].append(row)
        groups[what, listener].append(row)
        listeners[what].add(listener)
    shown = {
        key: group for key, group in groups.items() if not key[1] or len(listeners[key[0]]) > 1
    }
    return {(what, name or ALL): shown[what, name] for what, name in sorted(shown)}


def _screened(rows: Sequence[Answer]) -> tuple[Excluded, ...]:
    items, low, high = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        if row.condition == REFERENCE:
            items[row.listener] += 1
            low[row.listener] += row.score < SCREEN_SCORE
        elif row.condition == MID_ANCHOR:
            high[row.listener] += row.score > SCREEN_SCORE
    excluded = []
    for listener, count in sorted(items.items()):
        for wrong, what in ((low, "hidden reference below 90"), (high, "7 kHz anchor above 90")):
            if wrong[listener] > SCREEN_SHARE * count:
                reason = f"{what} for {wrong[listener]} of {count} items"
                excluded.append(Excluded(listener, reason))
                break
    return tuple(excluded)
