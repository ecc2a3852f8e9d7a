"""Further loss terms of a neural codec: commitment to the codes, and decorrelated dimensions."""

from __future__ import annotations

import torch
from torch import Tensor

from models.neural_codec import Coding

COMMITMENT = 0.1  # weight of the quantisation residuals
DECORRELATION = 0.2  # weight; without it five of 32 dimensions carry all information


def codec_loss(coding: Coding) -> Tensor:
    """The weighted sum of commitment and decorrelation.

    Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", eq. 3.
    """
    commitment = torch.stack([residual.square().mean() for residual in coding.residuals]).mean()
    return COMMITMENT * commitment + DECORRELATION * correlation(coding.latent)


def correlation(latent: Tensor) -> Tensor:
    """Sum of squared covariances between the dimensions of (B, C, N), per dimension: 0 to C - 1.

    Each dimension must have a variance of one.

    Source: Bardes et al. 2022, "VICReg", eq. 3 and 4.
    """
    frames = latent.transpose(1, 2).flatten(0, 1)
    covariance = frames.T @ frames / len(frames)
    return covariance.square().sum(1).mean() - covariance.diagonal().square().mean()
