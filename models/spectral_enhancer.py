"""The spectral enhancer: "Wave U-Net Enhancer" with an STFT in place of the outer levels.

Between an STFT and its inverse lie two levels of stride 4 with residual skips. Blocks as in Liu et
al. 2022, "A ConvNet for the 2020s" (ConvNeXt), head as in Siuzdak 2023, "Vocos" (arXiv 2306.00814):
it gives magnitude and phase of the spectrum to be added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.cpu import rows, spectral
from models.layers import ChannelNorm, ConvNextBlock, pad_to_multiple
from models.stft import Stft, features_of, unit

STRIDE = 4
AT_ONCE = 512  # frames whose features or heads lie in memory, on a CPU

SIZES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # widths, depths
    "small": ((128, 192, 256), (2, 2, 2)),
    "base": ((256, 320, 384), (3, 3, 2)),
    "large": ((512, 640, 768), (4, 4, 4)),
}


@dataclass(frozen=True)
class SpectralEnhancerConfig:
    """All that defines a `SpectralEnhancer`.

    Args:
        widths: channels at frame rate, a quarter and a sixteenth of it (any number of levels).
        depths: ConvNeXt blocks of each level, on the way down and again on the way up; the
            deepest level has its blocks once.
        n_fft: samples of an STFT frame, a multiple of two hops.
        hop: samples from frame to frame.
        expansion: inner width of a block, in multiples of its channels.
        kernel: frames that a block's depthwise convolution sees.
        dropout: share of channels dropped in training.
        n_skips: residual skips between equal levels, counted from the deepest.
        sample_rate: in Hz.
    """

    widths: tuple[int, ...] = ranged(SIZES["base"][0], 1, 4096, count=(1, 6))
    depths: tuple[int, ...] = ranged(SIZES["base"][1], 0, 32, count=(1, 6))
    n_fft: int = ranged(960, 2, 1 << 15)
    hop: int = ranged(240, 1, 1 << 14)
    expansion: int = ranged(3, 1, 16)
    kernel: int = ranged(7, 1, 63, odd=True)
    dropout: float = ranged(0.1, 0.0, 0.9)
    n_skips: int = ranged(2, 0, 5)
    sample_rate: int = ranged(48_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)
        if len(self.widths) != len(self.depths):
            raise ValueError(f"depths: got {self.depths}, expected one for each of {self.widths}")
        if not 0 <= self.n_skips < len(self.widths):
            raise ValueError(f"n_skips: got {self.n_skips}, expected 0 to {len(self.widths) - 1}")
        if self.n_fft % (2 * self.hop):
            raise ValueError(f"n_fft: got {self.n_fft}, expected a multiple of 2 x hop {self.hop}")

    @classmethod
    def named(cls, size: str, **changes: Any) -> SpectralEnhancerConfig:
        """The config of a named size: small, base or large."""
        if size not in SIZES:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(SIZES)}")
        widths, depths = SIZES[size]
        return replace(cls(widths=widths, depths=depths), **changes)


class SpectralEnhancer(nn.Module):
    """Restores mono sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    The net masks the input's spectrum and adds a synthesised one: Y = mask X + e^(m + ip). An
    untrained net is near the identity: its mask is near one and its magnitude m is small.

    Attributes:
        stride: samples of one frame of the deepest level.
        receptive_field: samples on either side that can change an output sample.
    """

    multichannel = False

    def __init__(self, config: SpectralEnhancerConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or SpectralEnhancerConfig()
        bins = c.n_fft // 2 + 1
        levels = range(len(c.widths))
        self.stft = Stft(c.n_fft, c.hop)
        self.enter = nn.Conv1d(3 * bins, c.widths[0], 1)
        self.down = nn.ModuleList(
            nn.Conv1d(c.widths[i], c.widths[i + 1], STRIDE, STRIDE) for i in levels[:-1]
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(c.widths[i + 1], c.widths[i], STRIDE, STRIDE) for i in levels[:-1]
        )
        self.encoder = nn.ModuleList(_blocks(c, i) for i in levels[:-1])
        self.bottom = _blocks(c, len(c.widths) - 1)
        self.decoder = nn.ModuleList(_blocks(c, i) for i in levels[:-1])
        self.leave = nn.Sequential(ChannelNorm(c.widths[0]), nn.Conv1d(c.widths[0], 4 * bins, 1))
        with torch.no_grad():
            self.leave[1].weight.mul_(0.5)
            self.leave[1].bias.copy_(torch.tensor([4.0, -6.0, 0.0, 0.0]).repeat_interleave(bins))
        self.stride = c.hop * STRIDE ** (len(c.widths) - 1)
        self.receptive_field = self._receptive_field()

    def _receptive_field(self) -> int:
        """In samples: each block's half kernel at its level's hop, and an STFT frame."""
        c, frames = self.config, 0
        for level, depth in enumerate(c.depths):
            passes = 1 if level == len(c.depths) - 1 else 2
            frames += STRIDE**level * (passes * depth * (c.kernel // 2) + 1)
        return frames * c.hop + c.n_fft

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-1]
        spectrum = self.stft(pad_to_multiple(x[:, 0], self.stride))  # (B, F, N)
        restored = self._on_cpu(spectrum) if rows.applies(self, x) else self._restored(spectrum)
        return self.stft.inverse(restored)[:, None, :length]

    def _restored(self, spectrum: Tensor) -> Tensor:
        features = features_of(spectrum).to(self.enter.weight.dtype)
        mask, magnitude, real, imag = self._net(features).float().chunk(4, dim=1)
        added = torch.exp(magnitude.clamp(max=8)) * unit(real, imag)
        return torch.sigmoid(mask) * spectrum + added

    def _net(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        skips = []
        for blocks, down in zip(self.encoder, self.down, strict=True):
            skips.append(blocks(x))
            x = down(skips[-1])
        x = self.bottom(x)
        first_skip = len(skips) - self.config.n_skips
        for index in reversed(range(len(skips))):
            x = self.up[index](x)
            x = self.decoder[index](x + skips[index] if index >= first_skip else x)
        return self.leave(x)

    def _on_cpu(self, spectrum: Tensor) -> Tensor:
        """As `_restored`, with frames as rows; in place of `spectrum`."""
        spectrum = spectrum.transpose(1, 2)  # (B, N, F)
        dtype = self.enter.weight.dtype
        features = (spectral.features_of(part, dtype) for part in spectrum.split(AT_ONCE, dim=1))
        x = torch.cat([rows.pointwise(part, self.enter) for part in features], 1)
        skips = []
        for blocks, down in zip(self.encoder, self.down, strict=True):
            skips.append(rows.convnexts(x, blocks))
            x = rows.down(skips[-1], down)
        x = rows.convnexts(x, self.bottom)
        first_skip = len(skips) - self.config.n_skips
        for index in reversed(range(len(skips))):
            x = rows.up(x, self.up[index], add=skips[index] if index >= first_skip else None)
            x = rows.convnexts(x, self.decoder[index])
        norm, leave = self.leave
        for part, some in zip(spectrum.split(AT_ONCE, dim=1), x.split(AT_ONCE, dim=1), strict=True):
            head = rows.pointwise(rows.channel_norm(some, norm.gain), leave)
            spectral.add_and_mask_(part, head)
        return spectrum.transpose(1, 2)


def _blocks(config: SpectralEnhancerConfig, level: int) -> nn.Sequential:
    return nn.Sequential(
        *(
            ConvNextBlock(config.widths[level], config.expansion, config.kernel, config.dropout)
            for _ in range(config.depths[level])
        )
    )
