"""Segment SDR: known ratios, silent and nearly silent seconds, and agreement with museval."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.segment_sdr import bss_eval, pooled, segment_sdr, statistics

RATE = 1000


@pytest.fixture
def sources(rng) -> np.ndarray:
    return 0.1 * rng.standard_normal((2, 2, 6 * RATE))


def _distorted(target: np.ndarray, ratios_db: list[float], rng) -> np.ndarray:
    """The target with noise at a known ratio in each second."""
    noise = rng.standard_normal(target.shape)
    for at, ratio_db in enumerate(ratios_db):
        part = (..., slice(at * RATE, (at + 1) * RATE))
        level = np.square(target[part]).sum() / np.square(noise[part]).sum()
        noise[part] *= np.sqrt(level) * 10 ** (-ratio_db / 20)
    return target + noise


def test_each_second_has_the_ratio_that_was_mixed(sources, rng):
    ratios_db = [-20.0, 0, 3, 7, 12, 30]
    found = segment_sdr(_distorted(sources[0], ratios_db, rng), sources[0], RATE)
    assert found.values == pytest.approx(ratios_db, abs=1e-9)
    assert found.target_dbfs == pytest.approx(6 * [-20], abs=0.5)
    own = found.statistics()
    assert (own.n, found.silent) == (6, 0)
    assert own.median == pytest.approx(5)
    assert own.mad == pytest.approx(6)  # distances 25, 5, 2, 2, 7, 25
    assert own.mean == pytest.approx(32 / 6)
    assert own.sd == pytest.approx(np.std(ratios_db))


def test_silent_seconds_have_no_ratio_and_nearly_silent_ones_count_apart(sources, rng):
    target = sources[0].copy()
    target[:, :RATE] = 0
    target[:, RATE : 2 * RATE] *= 1e-3  # -80 dBFS
    estimate = target + 0.001 * rng.standard_normal(target.shape)
    found = segment_sdr(estimate, target, RATE)
    assert (found.silent, len(found.values)) == (1, 5)
    assert found.near_silent().values == pytest.approx([-20], abs=0.5)
    assert found.audible().values == pytest.approx(4 * [40], abs=0.5)
    assert found.audible().silent == 2
    both, heard = found.statistics(), found.audible().statistics()
    assert both.mean < heard.mean - 10  # one outlier moves the mean
    assert both.median == pytest.approx(heard.median, abs=0.5)  # and not the median


def test_a_rest_is_left_out_a_short_sound_is_one_segment_and_equal_sound_is_infinite(sources):
    assert len(segment_sdr(sources[0][:, :2999], sources[1][:, :2999], RATE).values) == 2
    assert len(segment_sdr(sources[0][:, :99], sources[1][:, :99], RATE).values) == 1
    assert np.isposinf(segment_sdr(sources[0][0], sources[0][0], RATE).values).all()
    with pytest.raises(ValueError, match="expected the same one"):
        segment_sdr(sources[0], sources[0][:, 1:], RATE)


def test_pooled_segments_are_those_of_all_recordings(sources):
    parts = [
        segment_sdr(sources[0], sources[1], RATE),
        segment_sdr(0 * sources[0], sources[1], RATE),
    ]
    together = pooled(parts)
    assert together.values.tolist() == [*parts[0].values, *parts[1].values]
    assert statistics(parts[1].values).median == 0  # silence as an estimate
    assert pooled([]).statistics().n == 0


def test_the_ratio_is_that_of_museval(sources, rng):
    targets = sources[:, :1, : 2 * RATE]  # museval is slow
    estimates = targets + 0.05 * rng.standard_normal(targets.shape)
    theirs = bss_eval(estimates, targets, RATE)
    for index in range(2):
        ours = segment_sdr(estimates[index], targets[index], RATE).values
        assert ours == pytest.approx(theirs["sdr"][index], abs=1e-6)
    assert set(theirs) == {"sdr", "isr", "sir", "sar"}
