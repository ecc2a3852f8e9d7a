"""A codec's own loss: what the codes leave over, and dimensions that say the same."""

from __future__ import annotations

import pytest
import torch

from models.neural_codec import Coding
from training.learn.codec_loss import COMMITMENT, DECORRELATION, codec_loss, correlation


def test_dimensions_that_differ_cost_nothing_and_equal_ones_all_there_is() -> None:
    rows = torch.tensor([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, -1.0, -1.0, 1.0]])
    assert float(correlation(rows[None])) == pytest.approx(0.0, abs=1e-6)
    assert float(correlation(rows[:1].expand(3, -1)[None])) == pytest.approx(2.0)


def test_what_the_codes_leave_over_counts_once_a_codebook() -> None:
    latent = torch.tensor([[[1.0, -1.0]]])
    left = [torch.full((1, 1, 2), 2.0), torch.zeros(1, 1, 2)]
    assert float(codec_loss(Coding(latent, left))) == pytest.approx(COMMITMENT * 2.0)
    both = latent.expand(1, 2, 2)
    assert float(codec_loss(Coding(both, left))) == pytest.approx(COMMITMENT * 2 + DECORRELATION)
