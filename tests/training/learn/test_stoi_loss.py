"""Intelligibility as a loss: near the metric, blind to level, and with a gradient that helps."""

from __future__ import annotations

import pytest
import torch

from pipeline.evaluation.metrics import stoi
from tests.support.noise_sounds import RATE, noisy, speech
from training.learn.stoi_loss import StoiLoss


@pytest.fixture(scope="module")
def clean() -> torch.Tensor:
    return torch.from_numpy(speech()[:, : 2 * RATE])


@pytest.fixture(scope="module")
def loss() -> StoiLoss:
    return StoiLoss(RATE)


@pytest.mark.parametrize("snr_db", [-5, 5, 15])
def test_it_is_near_the_metric(loss, clean, snr_db) -> None:
    degraded = noisy(clean.numpy(), snr_db)
    wanted = 1 - stoi(degraded, clean.numpy(), RATE)
    assert float(loss(torch.from_numpy(degraded).float(), clean)) == pytest.approx(wanted, abs=0.03)


def test_equals_of_any_level_are_at_no_distance(loss, clean) -> None:
    assert float(loss(0.1 * clean, clean)) < 1e-3
    assert float(loss(clean[:, : RATE // 4], clean[:, : RATE // 4])) == 0  # less than a segment


def test_its_gradient_leads_to_speech_that_is_easier_to_understand(loss, clean) -> None:
    estimate = torch.from_numpy(noisy(clean.numpy(), 0)).float().requires_grad_()
    before = loss(estimate, clean)
    (gradient,) = torch.autograd.grad(before, estimate)
    assert torch.isfinite(gradient).all()
    step = 0.05 * estimate.detach().norm() / gradient.norm()
    after = estimate.detach() - step * gradient
    assert float(loss(after, clean)) < float(before.detach()) - 0.01
    assert stoi(after.numpy(), clean.numpy(), RATE) > stoi(
        estimate.detach().numpy(), clean.numpy(), RATE
    )


def test_silence_has_a_finite_gradient(loss, clean) -> None:
    silent = torch.zeros_like(clean).requires_grad_()
    for target in (clean, torch.zeros_like(clean)):
        (gradient,) = torch.autograd.grad(loss(silent, target), silent)
        assert torch.isfinite(gradient).all()
