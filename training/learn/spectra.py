"""Spectra that losses compare, and their mel bands."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

COMPRESSION = 0.3  # power of the magnitudes that "complex" compares


def _compressed(frames: Tensor) -> Tensor:
    """Spectrum of (..., L), its magnitude to the power `COMPRESSION`: (..., L / 2 + 1, 2)."""
    parts = torch.view_as_real(torch.fft.rfft(frames))
    power = parts.square().sum(-1, keepdim=True) + 1e-3
    return parts * power ** ((COMPRESSION - 1) / 2)


def _modulus(parts: Tensor) -> Tensor:
    return parts.square().sum(-1).add(1e-6).sqrt()


class Spectrum(nn.Module):
    """Power spectrum of (B, T): (B, F, N)."""

    def __init__(self, n_fft: int, win_length: int, hop: int, sample_rate: int) -> None:
        super().__init__()
        self.n_fft, self.win_length, self.hop = n_fft, win_length, hop
        self.register_buffer("window", torch.hann_window(win_length), persistent=False)
        self.register_buffer(
            "frequency",
            torch.linspace(0, sample_rate / 2, n_fft // 2 + 1)[:, None],
            persistent=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        return Power.apply(self._frames(x)).transpose(1, 2)

    def compressed_distance(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Mean distance of compressed spectra of (B, T), half with phase and half without.

        Both are scaled to a target of unit power first. Source: Braun and Tashev 2020, "A
        consolidated view of loss functions for supervised deep learning-based speech enhancement".
        """
        scale = 1 / (target.square().mean(-1, keepdim=True).sqrt() + 1e-5)
        ours, theirs = (_compressed(self._frames(x * scale)) for x in (estimate, target))
        magnitude = (_modulus(ours) - _modulus(theirs)).abs()
        return 0.5 * (_modulus(ours - theirs) + magnitude).mean()

    def _frames(self, x: Tensor) -> Tensor:
        """(B, T) -> (B, N, L), windowed."""
        edge, beside = self.n_fft // 2, self.n_fft - self.win_length
        padded = nn.functional.pad(x[:, None], (edge, edge), mode="reflect")[:, 0]
        window = nn.functional.pad(self.window, (beside // 2, beside - beside // 2))
        return padded.unfold(-1, self.n_fft, self.hop) * window

    def mask(self, trust_hz: Tensor, length: int) -> Tensor:
        """(B, K) bandwidths over time -> (B, F, N) of ones and zeros."""
        frames = math.floor(length / self.hop) + 1
        at = torch.arange(frames, device=trust_hz.device) * trust_hz.shape[1] // frames
        known = self.frequency[:, 0] <= trust_hz[:, at, None]  # (B, N, F), as a spectrum lies
        return known.float().transpose(1, 2)


class Power(torch.autograd.Function):
    """Squared magnitude of the spectrum of real frames (..., L) of even length: (..., L / 2 + 1).

    Its gradient is one real inverse transform; PyTorch's own takes a complex one of full length.
    """

    @staticmethod
    def forward(ctx: Any, frames: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(frames)
        ctx.save_for_backward(spectrum)
        return torch.view_as_real(spectrum).square().sum(-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (spectrum,) = ctx.saved_tensors
        both = spectrum * gradient
        both[..., 0] *= 2  # all bins but the first and the last stand for two
        both[..., -1] *= 2
        return torch.fft.irfft(both, norm="forward")
