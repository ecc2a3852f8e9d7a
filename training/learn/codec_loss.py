"""What training adds to the loss of a neural codec: its codes shall fit, its dimensions differ."""

from __future__ import annotations

import torch
from torch import Tensor

from models.neural_codec import Coding

COMMITMENT = 0.1  # weight of what the codes leave over
DECORRELATION = 0.2  # weight of the correlation; without it five of 32 dimensions carry all


def codec_loss(coding: Coding) -> Tensor:
    """The weighted sum of both terms.

    Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", eq. 3.
    """
    left = torch.stack([residual.square().mean() for residual in coding.residuals]).mean()
    return COMMITMENT * left + DECORRELATION * correlation(coding.latent)


def correlation(latent: Tensor) -> Tensor:
    """How much the dimensions of (B, C, N), each of variance one, say the same: 0 to C - 1.

    Source: Bardes et al. 2022, "VICReg", eq. 3 and 4.
    """
    frames = latent.transpose(1, 2).flatten(0, 1)
    covariance = frames.T @ frames / len(frames)
    return covariance.square().sum(1).mean() - covariance.diagonal().square().mean()
