"""The arithmetic of listening tests against values known in closed form."""

from __future__ import annotations

import math

import pytest

from pipeline.evaluation.listening.statistics import abx_p_value, mean_of, vote_counts


@pytest.mark.parametrize(
    ("n_correct", "n_trials", "p_value"),
    [(9, 10, 11 / 1024), (10, 10, 1 / 1024), (0, 10, 1.0), (12, 16, 2517 / 65536)],
)
def test_abx_is_the_tail_of_the_binomial_distribution(n_correct, n_trials, p_value) -> None:
    assert abx_p_value(n_correct, n_trials) == pytest.approx(p_value, rel=1e-12)


@pytest.mark.parametrize(("n_correct", "n_trials"), [(0, 0), (11, 10), (-1, 10)])
def test_counts_that_cannot_be_are_refused(n_correct, n_trials) -> None:
    with pytest.raises(ValueError, match="expected"):
        abx_p_value(n_correct, n_trials)


def test_the_mean_opinion_score_of_twenty_listeners() -> None:
    votes = [4] * 5 + [3] * 12 + [2] * 3
    score = mean_of(votes)
    assert score.mean == pytest.approx(3.1, abs=1e-12)
    assert vote_counts(votes) == (0, 3, 12, 5, 0)
    deviation = math.sqrt((5 * 0.9**2 + 12 * 0.1**2 + 3 * 1.1**2) / 19)
    half = 2.093024054408263 * deviation / math.sqrt(20)  # t of 19 degrees of freedom, 97.5 %
    assert (score.low, score.high) == pytest.approx((3.1 - half, 3.1 + half), abs=1e-9)


def test_one_score_has_no_interval_and_no_score_no_mean() -> None:
    assert (mean_of([4]).low, mean_of([4]).high) == (None, None)
    with pytest.raises(ValueError, match="no scores"):
        mean_of([])
