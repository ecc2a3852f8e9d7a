"""The TCN masker: a temporal convolutional network that estimates a gain for each band.

Log powers of bands go in, one a bin up to `fine_hz`, so that the harmonics of a voice are told
apart, and wider ones above. Dilated convolutions look at some seconds on either side. A gain
between zero and one for each band comes out, is interpolated over the band's bins, and multiplies
the spectrum. Nothing is added and no phase is changed: what the net gets wrong is missing, never
invented. With `most_db` the gains go both ways, and a fresh net returns its input: it turns levels
that a codec got wrong up and down.

Sources: bands and gains of Valin 2018, "A hybrid DSP/deep learning approach to real-time full-band
speech enhancement" (arXiv 1709.08243); dilated convolutions of Luo and Mesgarani 2019,
"Conv-TasNet" (arXiv 1809.07454); blocks of Liu et al. 2022, "A ConvNet for the 2020s".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.config import RATES_HZ, check, ranged
from models.cpu import rows
from models.layers import pad_to_multiple
from models.stft import Stft

PAIR = 2  # STFT frames that the net sees as one: half the work, and no less to see
QUIET = 1e-7  # power under the logarithms, about that of 24-bit rounding
LOG_CENTRE, LOG_SCALE = -4.0, 0.25  # bring log powers of speech to about -1 to 4
OPEN = 2.0  # before the sigmoid: a fresh net lets most of its input pass

SIZES: dict[str, dict[str, Any]] = {
    "small": {"width": 192, "repeats": 2},
    "base": {"width": 320, "repeats": 2},
    "large": {"width": 640, "repeats": 3},
}


@dataclass(frozen=True)
class TcnMaskerConfig:
    """All that defines a `TcnMasker`.

    Args:
        width: channels.
        dilations: of the blocks, in pairs of frames; one block each.
        repeats: of the whole list of dilations.
        kernel: pairs of frames that a block's depthwise convolution sees.
        expansion: inner width of a block, in multiples of `width`.
        n_fft: samples of an STFT frame, a multiple of two hops.
        hop: samples from frame to frame.
        fine_hz: up to here each bin has its own gain.
        n_bands: bands from there to half the sample rate, evenly spaced in ERB numbers.
        most_db: gains lie between this and its negative, in dB; 0 is gains between zero and one.
        sample_rate: in Hz.
    """

    width: int = ranged(SIZES["base"]["width"], 1, 4096)
    dilations: tuple[int, ...] = ranged((1, 2, 4, 8, 16, 32), 1, 256)
    repeats: int = ranged(SIZES["base"]["repeats"], 1, 8)
    kernel: int = ranged(3, 1, 31, odd=True)
    expansion: int = ranged(3, 1, 16)
    n_fft: int = ranged(1920, 2, 1 << 15)
    hop: int = ranged(480, 1, 1 << 14)
    fine_hz: int = ranged(4000, 1, RATES_HZ[1])
    n_bands: int = ranged(64, 1, 1024)
    most_db: int = ranged(0, 0, 60)
    sample_rate: int = ranged(48_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)
        if self.n_fft % (2 * self.hop):
            raise ValueError(f"n_fft: got {self.n_fft}, expected a multiple of 2 x hop {self.hop}")
        if self.fine_hz >= self.sample_rate / 2:
            raise ValueError(f"fine_hz: got {self.fine_hz}, expected less than half the rate")

    @classmethod
    def named(cls, size: str, **changes: Any) -> TcnMaskerConfig:
        """The config of a named size: small, base or large."""
        if size not in SIZES:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(SIZES)}")
        return replace(cls(**SIZES[size]), **changes)


class TcnMasker(nn.Module):
    """Denoises or repairs sound: (B, C, T) -> (B, C, T) for any T >= 1.

    The channels share their gains, so that nothing moves between the loudspeakers.

    Attributes:
        stride: samples of one pair of frames.
        receptive_field: samples on either side that can change an output sample.
    """

    multichannel = True
    spread: Tensor
    pool: Tensor

    def __init__(self, config: TcnMaskerConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or TcnMaskerConfig()
        self.stft = Stft(c.n_fft, c.hop)
        spread = band_weights(c)  # (F, K)
        self.register_buffer("spread", spread, persistent=False)
        self.register_buffer("pool", (spread / spread.sum(0)).T.contiguous(), persistent=False)
        n_bands = spread.shape[1]
        self.enter = nn.Linear(PAIR * n_bands, c.width)
        self.blocks = nn.Sequential(*(Block(c, d) for d in c.dilations * c.repeats))
        self.norm = nn.RMSNorm(c.width, eps=1e-6)
        self.leave = nn.Linear(c.width, PAIR * n_bands)
        nn.init.constant_(self.leave.bias, 0.0 if c.most_db else OPEN)
        if c.most_db:
            nn.init.zeros_(self.leave.weight)
        self.stride = PAIR * c.hop
        reach = sum(c.dilations) * c.repeats * (c.kernel // 2) + 1
        self.receptive_field = reach * self.stride + c.n_fft

    def forward(self, x: Tensor, as_gains: bool = False) -> Any:
        """The denoised sound; with `as_gains` the input's spectrum and the gains, (B, C, F, N)."""
        padded = pad_to_multiple(x, self.stride)
        spectrum = self.stft(padded.flatten(0, 1)).unflatten(0, x.shape[:2])
        gains = self.gains(spectrum)
        if as_gains:
            return spectrum, gains
        sound = self.stft.inverse((spectrum * gains).flatten(0, 1))
        return sound.unflatten(0, x.shape[:2])[..., : x.shape[-1]]

    def gains(self, spectrum: Tensor) -> Tensor:
        """(B, C, F, N) complex -> (B, 1, F, N) gains; N is a multiple of `PAIR`."""
        linear = rows.linear if rows.applies(self, spectrum) else functional.linear
        parts = torch.view_as_real(spectrum.transpose(2, 3))  # (B, C, N, F, 2)
        power = parts.square().sum(-1).mean(1)
        log_power = torch.log(linear(power, self.pool, None) + QUIET)  # (B, N, K)
        x = (log_power - LOG_CENTRE) * LOG_SCALE
        x = x.reshape(len(x), -1, PAIR * x.shape[2]).to(self.enter.weight.dtype)
        x = self.norm(self.blocks(linear(x, *_of(self.enter))))
        x = linear(x, *_of(self.leave)).float().reshape(*log_power.shape)
        if self.config.most_db:
            nepers = self.config.most_db * math.log(10) / 20 * torch.tanh(x)
            gains = torch.exp(linear(nepers, self.spread, None))
        else:
            gains = linear(torch.sigmoid(x), self.spread, None)
        return gains.transpose(1, 2)[:, None]


class Block(nn.Module):
    """(B, N, C) -> (B, N, C): dilated depthwise convolution, norm, wide, GELU, narrow; added.

    `models.layers.ConvNextBlock` on rows, with dilation; the names of the weights differ.
    """

    def __init__(self, config: TcnMaskerConfig, dilation: int) -> None:
        super().__init__()
        width, inner = config.width, config.width * config.expansion
        reach = dilation * (config.kernel // 2)
        self.mix = nn.Conv1d(
            width, width, config.kernel, padding=reach, dilation=dilation, groups=width
        )
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.wide = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        if rows.applies(self, x):
            layers = _of(self.wide), _of(self.narrow)
            return rows.convnext(x, self.mix, self.norm.weight, *layers, self.scale)
        y = self.mix(x.transpose(1, 2)).transpose(1, 2)
        y = self.narrow(functional.gelu(self.wide(self.norm(y))))
        return x + self.scale * y


def _of(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    return layer.weight, layer.bias


def band_weights(config: TcnMaskerConfig) -> Tensor:
    """(F, K) weight of each band in each bin: triangles between centres; rows sum to 1.

    Centres: every bin up to `fine_hz`, then `n_bands` at equal steps of the ERB number.
    Source: Glasberg and Moore 1990, "Derivation of auditory filter shapes from notched-noise data".
    """
    bin_hz = config.sample_rate / config.n_fft
    n_bins, n_fine = config.n_fft // 2 + 1, int(config.fine_hz / bin_hz) + 1
    ends = 21.4 * np.log10(1 + 0.00437 * np.array([(n_fine - 1) * bin_hz, config.sample_rate / 2]))
    erb = np.linspace(ends[0], ends[1], config.n_bands + 1)[1:]
    centres = np.append(np.arange(n_fine), (10 ** (erb / 21.4) - 1) / 0.00437 / bin_hz)
    bins = np.arange(n_bins)
    above = np.searchsorted(centres, bins).clip(1, len(centres) - 1)
    share = ((bins - centres[above - 1]) / np.diff(centres)[above - 1]).clip(0, 1)
    weights = np.zeros((n_bins, len(centres)), np.float32)
    weights[bins, above - 1] = 1 - share
    weights[bins, above] += share
    return torch.from_numpy(weights)
