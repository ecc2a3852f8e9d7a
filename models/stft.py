"""A short-time Fourier transform with frames on whole hops, and its exact inverse."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.layers import pad_to_multiple

QUIET = 1e-5  # floor under a spectrum's magnitude before its logarithm


class Stft(nn.Module):
    """(B, T) <-> (B, F, N = T / hop), with a Hann window on either side.

    Frame n is centred on the middle of hop n, so that a shift of the sound by whole hops shifts the
    spectrum by whole frames.

    Args:
        n_fft: samples of a frame; F = n_fft / 2 + 1.
        hop: samples from frame to frame, at most n_fft, from which it differs by an even number.

    Raises:
        ValueError: another hop.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        if hop > n_fft or (n_fft - hop) % 2:
            raise ValueError(f"hop: got {hop}, expected n_fft {n_fft} less an even number")
        self.n_fft, self.hop, self.edge = n_fft, hop, (n_fft - hop) // 2
        window = torch.hann_window(n_fft, device="cpu")  # on "meta", half a compiler is imported
        self.register_buffer("window", window, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T) with T a multiple of the hop -> (B, F, N) complex."""
        x = nn.functional.pad(x.float(), (self.edge, self.edge))
        frames = x.unfold(-1, self.n_fft, self.hop)
        return torch.fft.rfft(frames * self.window).transpose(1, 2)

    def inverse(self, spectrum: Tensor) -> Tensor:
        """(B, F, N) -> (B, T), by weighted overlap-add."""
        frames = torch.fft.irfft(spectrum.transpose(1, 2), n=self.n_fft).mul_(self.window)
        weight = self.window.square().expand(1, frames.shape[1], -1)
        weight = _overlap_add(weight, self.hop).clamp_(min=1e-6)
        total = _overlap_add(frames, self.hop).div_(weight)
        return total[:, self.edge : total.shape[1] - self.edge]


def features_of(spectrum: Tensor) -> Tensor:
    """(B, F, N) complex -> (B, 3F, N): log magnitude, and real and imaginary part compressed."""
    magnitude = spectrum.abs().clamp(min=QUIET)
    compressed = spectrum * magnitude.pow(-0.7)
    return torch.cat((torch.log(magnitude) * 0.3, compressed.real, compressed.imag), 1)


def unit(real: Tensor, imag: Tensor) -> Tensor:
    """The complex number of modulus one in the direction of (real, imag)."""
    return torch.complex(real, imag) * torch.rsqrt(real.square() + imag.square() + 1e-6)


def _overlap_add(frames: Tensor, hop: int) -> Tensor:
    """(B, N, L) -> (B, (N - 1) hop + L), as shifted copies of whole hops."""
    batch, count, length = frames.shape
    whole = frames if length % hop == 0 else pad_to_multiple(frames, hop)
    parts = whole.unflatten(-1, (-1, hop))
    total = frames.new_zeros(batch, count + parts.shape[2] - 1, hop)
    for shift in range(parts.shape[2]):
        total[:, shift : shift + count] += parts[:, :, shift]
    return total.flatten(1)[:, : (count - 1) * hop + length]
