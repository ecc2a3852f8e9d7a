"""A small neural speech codec, which damages speech for training.

A spectrum is reduced to a few numbers a frame, these are coded by residual codebooks, and a
spectrum is decoded from the codes. Quantisers as in Defossez et al. 2022, "High Fidelity Neural
Audio Compression" (EnCodec), section 3.2; head as in Siuzdak 2023, "Vocos" (arXiv 2306.00814).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.layers import ChannelNorm, ConvNextBlock, pad_to_multiple
from models.stft import Stft, features_of, unit

FORGETTING = 0.02  # of an entry's running usage at each step
RARE = 0.2  # of the mean usage: an entry used less is replaced


@dataclass(frozen=True)
class NeuralCodecConfig:
    """All that defines a `NeuralCodecNet`.

    Args:
        widths: channels of coder and decoder.
        depths: ConvNeXt blocks of coder and decoder.
        latent: numbers a frame between coder and decoder.
        codebooks: residual quantisers, one after another.
        codebook_size: entries of each.
        n_fft: samples of an STFT frame, a multiple of two hops.
        hop: samples from frame to frame.
        expansion, kernel: of the blocks.
        sample_rate: in Hz.
    """

    widths: tuple[int, int] = ranged((192, 256), 1, 4096, count=(2, 2))
    depths: tuple[int, int] = ranged((3, 5), 0, 32, count=(2, 2))
    latent: int = ranged(24, 1, 1024)
    codebooks: int = ranged(8, 1, 64)
    codebook_size: int = ranged(1024, 2, 1 << 16)
    n_fft: int = ranged(1280, 2, 1 << 15)
    hop: int = ranged(320, 1, 1 << 14)
    expansion: int = ranged(3, 1, 16)
    kernel: int = ranged(7, 1, 63, odd=True)
    sample_rate: int = ranged(24_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Coding:
    """What a pass in training coded, for the loss.

    Args:
        latent: (B, C, N), each dimension of variance one.
        residuals: (B, C, N) for each codebook: what this one and those before it left over.
    """

    latent: Tensor
    residuals: list[Tensor]


class NeuralCodecNet(nn.Module):
    """Codes and decodes mono sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    In training each sound of a batch is coded with a random number of codebooks.

    Attributes:
        stride: samples of a frame.
        receptive_field: samples on either side that can change an output sample.
        kbps: of one codebook, in kbit/s.
        coding: of the last pass in training; None before it.
    """

    multichannel = False

    def __init__(self, config: NeuralCodecConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or NeuralCodecConfig()
        bins = c.n_fft // 2 + 1
        self.stride = c.hop
        blocks = sum(c.depths) + 1  # and the decoder's first convolution
        self.receptive_field = blocks * (c.kernel // 2) * c.hop + c.n_fft
        self.kbps = math.log2(c.codebook_size) * c.sample_rate / c.hop / 1000
        self.stft = Stft(c.n_fft, c.hop)
        self.coder = nn.Sequential(
            nn.Conv1d(3 * bins, c.widths[0], 1),
            *(ConvNextBlock(c.widths[0], c.expansion, c.kernel) for _ in range(c.depths[0])),
            ChannelNorm(c.widths[0]),
            nn.Conv1d(c.widths[0], c.latent, 1),
            nn.BatchNorm1d(c.latent, affine=False),
        )
        self.quantisers = nn.ModuleList(_Quantiser(c) for _ in range(c.codebooks))
        self.decoder = nn.Sequential(
            nn.Conv1d(c.latent, c.widths[1], c.kernel, padding=c.kernel // 2),
            *(ConvNextBlock(c.widths[1], c.expansion, c.kernel) for _ in range(c.depths[1])),
            ChannelNorm(c.widths[1]),
            nn.Conv1d(c.widths[1], 3 * bins, 1),
        )
        self.coding: Coding | None = None

    def forward(self, x: Tensor, codebooks: int | None = None) -> Tensor:
        """
        Args:
            x: (B, 1, T).
            codebooks: how many are used, all when None.
        """
        length = x.shape[-1]
        spectrum = self.stft(pad_to_multiple(x[:, 0], self.stride))
        latent = self.coder(features_of(spectrum))
        magnitude, real, imag = self.decoder(self._quantised(latent, codebooks)).float().chunk(3, 1)
        decoded = torch.exp(magnitude.clamp(max=8)) * unit(real, imag)
        return self.stft.inverse(decoded)[:, None, :length]

    def _quantised(self, latent: Tensor, codebooks: int | None) -> Tensor:
        """(B, C, N) as a sum of entries; each codebook codes the residual of those before it."""
        count = codebooks or len(self.quantisers)
        used = torch.full((len(latent),), count, device=latent.device)
        if self.training:
            used = torch.randint(1, count + 1, used.shape, device=latent.device)
        total, residuals = torch.zeros_like(latent), []
        for index, quantiser in enumerate(self.quantisers[:count]):
            code = quantiser(latent - total) * (index < used)[:, None, None]
            total = total + code
            residuals.append(latent - total)
        if self.training:
            self.coding = Coding(latent, residuals)
        return latent + (total - latent).detach()  # the gradient goes straight through


class _Quantiser(nn.Module):
    """(B, C, N) -> the nearest entry of a codebook for each frame, (B, C, N).

    Entries are running means of the frames that chose them; rarely used ones are replaced.
    Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", appendix A.1;
    Dhariwal et al. 2020, "Jukebox", section 3.1.
    """

    codebook: Tensor
    usage: Tensor

    def __init__(self, config: NeuralCodecConfig) -> None:
        super().__init__()
        self.register_buffer("codebook", torch.zeros(config.codebook_size, config.latent))
        self.register_buffer("usage", torch.zeros(config.codebook_size))

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        frames = x.transpose(1, 2).flatten(0, 1)
        if self.training:
            self._revive(frames)
        nearness = frames @ self.codebook.T - 0.5 * self.codebook.square().sum(1)
        chosen = nearness.argmax(1)
        if self.training:
            self._follow(frames, chosen)
        return self.codebook[chosen].unflatten(0, (len(x), -1)).transpose(1, 2)

    def _revive(self, frames: Tensor) -> None:
        """Replaces rarely chosen entries by random frames."""
        rare = torch.nonzero(self.usage < RARE / len(self.usage))[:, 0]
        chosen = torch.randint(len(frames), rare.shape, device=frames.device)
        self.codebook[rare] = frames[chosen]
        self.usage[rare] = 1 / len(self.usage)

    def _follow(self, frames: Tensor, chosen: Tensor) -> None:
        """Moves entries towards the mean of the frames that chose them."""
        counts = torch.bincount(chosen, minlength=len(self.usage)) / len(chosen)
        sums = torch.zeros_like(self.codebook).index_add_(0, chosen, frames) / len(chosen)
        kept = (1 - FORGETTING) * self.usage
        self.usage.copy_(kept + FORGETTING * counts)
        moved = kept[:, None] * self.codebook + FORGETTING * sums
        self.codebook.copy_(moved / self.usage[:, None])
