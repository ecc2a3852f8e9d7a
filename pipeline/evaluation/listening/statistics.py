"""The arithmetic of listening tests: ABX by the binomial distribution, means by Student's t."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

CONFIDENCE = 0.95
BEST_VOTE = 5


@dataclass(frozen=True)
class Mean:
    """A mean with its confidence interval.

    Attributes:
        mean: of all scores.
        low, high: the interval's ends; None for a single score.
        n_scores: how many scores there are.
    """

    mean: float
    low: float | None
    high: float | None
    n_scores: int


def abx_p_value(n_correct: int, n_trials: int) -> float:
    """How probable so many correct answers, or more, are by guessing.

    One-sided binomial test against one half. It holds only where the number of trials was fixed
    before the first one.

    Raises:
        ValueError: `n_correct` is not between 0 and `n_trials`, or there is no trial.
    """
    from scipy.stats import binomtest

    if not 0 <= n_correct <= n_trials or n_trials == 0:
        raise ValueError(f"got {n_correct} correct of {n_trials} trials, expected 0 to all of some")
    return float(binomtest(n_correct, n_trials, 0.5, alternative="greater").pvalue)


def mean_of(scores: Sequence[float]) -> Mean:
    """The mean of scores with its 95 % interval by Student's t distribution.

    Scores count as independent, as in the recommendations; several scores of one listener are not
    quite, and the true interval is then wider.

    Raises:
        ValueError: there is no score.

    Source: ITU-T P.1401, 7.3 and ITU-R BS.1534-3, 9.
    """
    from scipy.stats import t

    if not scores:
        raise ValueError("got no scores, expected at least one")
    mean, count = float(np.mean(scores)), len(scores)
    if count == 1:
        return Mean(mean, None, None, 1)
    standard_error = float(np.std(scores, ddof=1)) / np.sqrt(count)
    half = float(t.ppf(0.5 + CONFIDENCE / 2, count - 1)) * standard_error
    return Mean(mean, mean - half, mean + half, count)


def on_scale(mean: Mean, lowest: float, highest: float) -> Mean:
    """The mean with its interval as far as the scale of the scores goes."""
    if mean.low is None or mean.high is None:
        return mean
    return replace(mean, low=max(mean.low, lowest), high=min(mean.high, highest))


def vote_counts(votes: Sequence[int]) -> tuple[int, ...]:
    """How often each vote from 1 to 5 was given."""
    return tuple(votes.count(vote) for vote in range(1, BEST_VOTE + 1))
