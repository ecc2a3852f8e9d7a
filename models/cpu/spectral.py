"""What a spectral net computes around its layers, for a processor: frames are rows."""

from __future__ import annotations

import torch
from torch import Tensor

from models.stft import QUIET


def features_of(spectrum: Tensor, dtype: torch.dtype) -> Tensor:
    """As `models.stft.features_of`: (B, N, F) complex -> (B, N, 3F) of `dtype`."""
    parts, bins = torch.view_as_real(spectrum), spectrum.shape[-1]
    log = parts.square().sum(-1).clamp_(min=QUIET**2).log_().mul_(0.5)
    features = torch.empty(*spectrum.shape[:2], 3 * bins, dtype=dtype)
    torch.mul(log, 0.3, out=features[..., :bins])
    gain = log.mul_(-0.7).exp_()
    torch.mul(parts[..., 0], gain, out=features[..., bins : 2 * bins])
    torch.mul(parts[..., 1], gain, out=features[..., 2 * bins :])
    return features


def add_and_mask_(spectrum: Tensor, head: Tensor) -> None:
    """sigmoid(mask) X + e^magnitude (real + i imag) / |real + i imag|, in place of `spectrum` X.

    Args:
        spectrum: (B, N, F) complex.
        head: (B, N, 4F), mask, magnitude, real and imaginary part; changed.
    """
    mask, magnitude, real, imag = head.float().chunk(4, dim=-1)
    gain = real.square().addcmul_(imag, imag).add_(1e-6).rsqrt_()
    gain.mul_(magnitude.clamp_(max=8).exp_())
    mask = mask.sigmoid_()
    for part, direction in zip(torch.view_as_real(spectrum).unbind(-1), (real, imag), strict=True):
        part.mul_(mask).addcmul_(gain, direction)
