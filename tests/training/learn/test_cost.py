"""How long a run takes, from its own events; and what a shared deployment allows."""

from __future__ import annotations

import pytest

from training.config import TrainingConfig
from training.learn.cost import VALIDATIONS, Cost, cost_of, fit_to_minutes
from training.runs.events import Event
from training.runs.quota import Limits, why_off

EVENTS = [
    Event("start", 103.0, 0),
    Event("base", 105.0, 0),
    Event("step", 109.0, 1),
    Event("step", 109.5, 2),
    Event("step", 110.1, 3),
    Event("step", 110.6, 4),
    Event("validation", 112.6, 4),
]


def test_the_cost_is_read_off_the_events_and_the_first_step_is_left_out() -> None:
    assert cost_of(EVENTS, begun=100.0) == Cost(step_s=0.5, validation_s=2.0, start_s=5.0)


@pytest.mark.parametrize("minutes", [1.0, 5.0, 60.0])
def test_steps_and_minutes_are_each_other_backwards(minutes: float) -> None:
    cost = Cost(step_s=0.25, validation_s=2.0, start_s=6.0)
    steps = cost.steps(minutes)
    assert 60 * (cost.minutes(steps) - minutes) == pytest.approx(cost.start_s, abs=cost.step_s)
    assert Cost(step_s=500.0, validation_s=90.0, start_s=0.0).steps(minutes) >= 1


def test_a_preset_evaluates_some_eight_times_and_warms_up_in_proportion() -> None:
    config = TrainingConfig(warmup_steps=20)
    for step_s in (0.02, 0.3, 9.0):
        made = fit_to_minutes(config, Cost(step_s, validation_s=1.0, start_s=5.0), minutes=5.0)
        assert made.minutes == 5.0 and 0.9 * 240 < made.steps * step_s <= 300
        assert VALIDATIONS <= made.steps / made.validate_every < VALIDATIONS + 4
        assert 1 <= made.warmup_steps <= min(20, 0.1 * made.steps + 1)


def test_limits_come_from_the_environment_and_cap_minutes(monkeypatch) -> None:
    monkeypatch.delenv("WAVEMEND_TRAINING_MINUTES", raising=False)
    assert Limits.from_environment().allowed(1e6) == 1e6
    monkeypatch.setenv("WAVEMEND_TRAINING_MINUTES", "10")
    assert Limits.from_environment().allowed(60) == 10
    assert Limits.from_environment().allowed(3) == 3
    monkeypatch.setenv("WAVEMEND_TRAINING_GB", "much")
    with pytest.raises(ValueError, match="WAVEMEND_TRAINING_GB: got 'much'"):
        Limits.from_environment()


def test_zero_gpu_says_why_training_is_off(monkeypatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert why_off() is None
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert "ZeroGPU" in why_off()
