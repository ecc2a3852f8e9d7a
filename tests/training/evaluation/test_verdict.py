"""The verdict: the interval is Student's, trifles and noise are no difference, worse is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from training.evaluation.verdict import judge


def files(values: np.ndarray) -> dict[str, list[float]]:
    """A dict of files from (files, pieces)."""
    return {f"{number}.wav": list(row) for number, row in enumerate(values)}


def test_the_interval_is_that_of_a_paired_t_test_over_files(rng: np.random.Generator) -> None:
    base, now = rng.uniform(0.8, 1.2, (7, 4)), rng.uniform(0.7, 1.1, (7, 4))
    change = (now - base).mean(1)
    expected = stats.ttest_1samp(change, 0).confidence_interval(0.95)
    verdict = judge(files(base), files(now))
    assert (verdict.low, verdict.high) == pytest.approx((expected.low, expected.high), abs=1e-4)
    assert verdict.change == pytest.approx(change.mean(), abs=1e-4)
    assert verdict.now - verdict.base == pytest.approx(verdict.change, abs=2e-4)


def test_of_two_recordings_the_sample_is_two_however_many_pieces(rng: np.random.Generator) -> None:
    base, now = rng.uniform(0.8, 1.2, (2, 48)), rng.uniform(0.7, 1.1, (2, 48))
    expected = stats.ttest_1samp((now - base).mean(1), 0).confidence_interval(0.95)
    verdict = judge(files(base), files(now))
    assert (verdict.low, verdict.high) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_pieces_that_agree_within_a_recording_make_no_recording_more_certain() -> None:
    """One recording got much better and one a little: 24 pieces of each do not settle the mean."""
    base = np.ones((2, 24))
    now = base - np.array([[0.4], [0.03]])
    verdict = judge(files(base), files(now))
    assert verdict.overall == "no difference" and verdict.low < 0 < verdict.high
    assert [file.verdict for file in verdict.files] == ["better", "better"]


@pytest.mark.parametrize(
    ("factor", "overall", "said"),
    [(0.8, "better", "Better than"), (1.25, "worse", "Keep the base"), (0.99, "no difference", "")],
)
def test_a_clear_change_has_its_name_and_a_trifle_none(factor, overall, said, rng) -> None:
    base = rng.uniform(0.9, 1.1, (6, 3))
    verdict = judge(files(base), files(base * factor))
    assert verdict.overall == overall and said in verdict.sentence()
    assert {file.verdict for file in verdict.files} == {overall}


def test_a_change_that_may_be_chance_is_no_difference() -> None:
    base = np.ones((6, 1))
    now = base + np.array([-0.5, 0.4, -0.4, 0.3, -0.3, 0.2])[:, None]
    verdict = judge(files(base), files(now))
    assert verdict.low < 0 < verdict.high and verdict.overall == "no difference"
    assert "No difference" in verdict.sentence() and "3 better, 3 worse" in verdict.sentence()


def test_chance_alone_is_called_a_change_one_time_in_twenty(rng: np.random.Generator) -> None:
    called = 0
    for _ in range(400):
        now = 1 + 0.2 * rng.standard_normal((8, 1))
        called += judge(files(np.ones((8, 1))), files(now)).overall != "no difference"
    assert 8 <= called <= 34  # of 400; 20 are expected


@pytest.mark.parametrize("count", [2, 40])
def test_one_recording_is_too_little_to_tell(count: int) -> None:
    verdict = judge({"a.wav": [1.0] * count}, {"a.wav": [0.2, 0.3] * (count // 2)})
    assert verdict.overall == "no difference" and verdict.low is verdict.high is None
    assert "One recording does not tell" in verdict.sentence()


def test_verdict_json_has_what_the_page_reads(tmp_path: Path) -> None:
    verdict = judge({"a.wav": [1.0] * 4}, {"a.wav": [0.5, 0.6, 0.5, 0.6]}).as_dict()
    read = json.loads(json.dumps(verdict))
    assert {"overall", "change", "low", "high", "files", "text"} <= read.keys()
    assert read["files"] == [{"name": "a.wav", "base": 1.0, "now": 0.55, "verdict": "better"}]


def test_other_pieces_are_refused() -> None:
    with pytest.raises(ValueError, match="expected the same pieces"):
        judge({"a.wav": [1.0]}, {"b.wav": [1.0]})
    with pytest.raises(ValueError, match="expected the same pieces"):
        judge({}, {})
