"""The spectrogram U-Net: separates sound by masks on the magnitudes of its spectrum.

Each source but the last has a U-Net of its own, or every source where there is no difference
output. Strided convolutions go down in time and frequency, transposed ones come up, and equal
levels are concatenated. The mixture's phase is kept.
Source: Jansson et al. 2017, "Singing Voice Separation with Deep U-Net Convolutional Networks"
(ISMIR), in the form U7 of Stoller, Ewert and Dixon 2018, "Wave-U-Net" (ISMIR), section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.layers import pad_to_multiple
from models.stft import Stft

KERNEL, SLOPE = 5, 0.2
DROPPED, DROPOUT = 3, 0.5  # decoder levels with dropout, and its share
REACH = KERNEL - 1  # cells of a level that one convolution down and one up see on either side
TOP_MASK = 0.5  # of the highest bin, which the levels do not divide

VARIANTS: dict[str, dict[str, Any]] = {
    "U7": {},
    "small": {"widths": (8, 16, 32, 64, 96, 96)},
}
"""The paper's model, and a size that learns and runs quickly on a CPU."""


@dataclass(frozen=True)
class SpectrogramUnetConfig:
    """All that defines a `SpectrogramUnet`; the defaults are model U7.

    Args:
        widths: channels of each level, outermost first.
        n_fft, hop: of the spectrum, in samples.
        sources: K, in the order accompaniment, voice, or bass, drums, other, voice.
        difference: the last source is the mixture less all others, so that they add up.
        sample_rate: in Hz.
    """

    widths: tuple[int, ...] = ranged((16, 32, 64, 128, 256, 512), 1, 2048, count=(1, 8))
    n_fft: int = ranged(1024, 4, 1 << 15)
    hop: int = ranged(768, 2, 1 << 14)
    sources: int = ranged(2, 1, 8)
    difference: bool = False
    sample_rate: int = ranged(8192, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)
        cells = 2 << len(self.widths)
        if self.n_fft % cells:
            raise ValueError(f"n_fft: got {self.n_fft}, expected a multiple of {cells}")
        if self.hop % 2 or self.hop > self.n_fft:
            raise ValueError(f"hop: got {self.hop}, expected an even number up to {self.n_fft}")
        if self.difference and self.sources < 2:
            raise ValueError("sources: got 1, expected at least 2 with a difference output")

    @classmethod
    def named(cls, size: str, **changes: Any) -> SpectrogramUnetConfig:
        """The config of a key of `VARIANTS`."""
        if size not in VARIANTS:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(VARIANTS)}")
        return replace(cls(**VARIANTS[size]), **changes)


class SpectrogramUnet(nn.Module):
    """Separates sound: (B, C, T) -> (B, K, C, T) for any T >= 1, each channel on its own.

    Attributes:
        stride: samples of one frame of the deepest level.
        receptive_field: samples on either side that can change an output sample.
        multichannel: it takes all channels of a sound at once.
    """

    multichannel = True

    def __init__(self, config: SpectrogramUnetConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or SpectrogramUnetConfig()
        self.stft = Stft(c.n_fft, c.hop)
        self.nets = nn.ModuleList(_Unet(c.widths) for _ in range(c.sources - c.difference))
        cells = 1 << len(c.widths)
        self.stride = c.hop * cells
        self.receptive_field = REACH * (cells - 1) * c.hop + c.n_fft

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, length = x.shape
        flat = pad_to_multiple(x, self.stride).flatten(0, 1)
        spectrum = self.stft(flat)  # (B x C, F, N)
        magnitude = torch.log1p(spectrum.abs())[:, None, :-1]
        sources = [self._masked(spectrum, net(magnitude)) for net in self.nets]
        if self.config.difference:
            sources.append(flat - torch.stack(sources).sum(0))
        separated = torch.stack(sources, 1)[..., :length]  # (B x C, K, T)
        return separated.unflatten(0, (batch, channels)).transpose(1, 2).to(x.dtype)

    def _masked(self, spectrum: Tensor, mask: Tensor) -> Tensor:
        """The sound of a spectrum (B, F, N) whose mask (B, 1, F - 1, N) lacks the highest bin."""
        whole = nn.functional.pad(mask[:, 0].float(), (0, 0, 0, 1), value=TOP_MASK)
        return self.stft.inverse(whole * spectrum)


class _Unet(nn.Module):
    """(B, 1, F, N) -> mask of the same shape, in [0, 1]."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.down = nn.ModuleList(_down(*pair) for pair in pairwise((1, *widths)))
        rising = [*reversed(widths), 1]
        self.up = nn.ModuleList(
            _up(wide * (2 if level else 1), narrow, level, last=level == len(widths) - 1)
            for level, (wide, narrow) in enumerate(pairwise(rising))
        )

    def forward(self, x: Tensor) -> Tensor:
        dtype = self.up[-1][0].weight.dtype
        x, skips = x.to(dtype).contiguous(memory_format=torch.channels_last), []
        for down in self.down:
            x = down(x)
            skips.append(x)
        skips.pop()
        for up in self.up[:-1]:
            x = torch.cat((up(x), skips.pop()), 1)
        return torch.sigmoid(self.up[-1](x))


def _down(channels: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels_out, KERNEL, 2, KERNEL // 2),
        nn.BatchNorm2d(channels_out),
        nn.LeakyReLU(SLOPE),
    )


def _up(channels: int, channels_out: int, level: int, last: bool) -> nn.Sequential:
    conv = nn.ConvTranspose2d(channels, channels_out, KERNEL, 2, KERNEL // 2, output_padding=1)
    if last:
        return nn.Sequential(conv)
    dropout = nn.Dropout(DROPOUT) if level < DROPPED else nn.Identity()
    return nn.Sequential(conv, nn.BatchNorm2d(channels_out), nn.ReLU(), dropout)
