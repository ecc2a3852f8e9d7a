"""The Wave-U-Net: separates a waveform into sources, in the time domain.

Each level halves the rate by dropping every other sample and comes back by linear interpolation;
equal levels are concatenated. Models M1 to M7 of the paper are `VARIANTS`: data, not classes.
Source: Stoller, Ewert and Dixon 2018, "Wave-U-Net: A Multi-Scale Neural Network for End-to-End
Audio Source Separation" (ISMIR), table 1 and sections 3 and 4.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.layers import keep_level

SLOPE = 0.2  # of the leaky ReLU below zero
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the level through it
LEVEL = 10.0  # brings sound of a usual level, about 0.1, to about one
QUIET = 0.1  # level of the untrained output

_M2: dict[str, Any] = {"difference": True}
_M3 = {**_M2, "context": True}
_M4 = {**_M3, "channels": 2}

VARIANTS: dict[str, dict[str, Any]] = {
    "M1": {},
    "M2": _M2,
    "M3": _M3,
    "M4": _M4,
    "M5": {**_M4, "learned": True},
    "M6": {**_M4, "sources": 4},
    "M7": {**_M3, "filters": 34, "sample_rate": 8192},
    "small": {**_M4, "levels": 10, "filters": 16},
}
"""The paper's models, and a size that learns and runs quickly on a CPU."""


@dataclass(frozen=True)
class WaveUnetConfig:
    """All that defines a `WaveUnet`; the defaults are model M1.

    Args:
        levels: L; level i has `filters` x i channels at a rate halved i - 1 times.
        filters: channels that each level adds.
        down_kernel, up_kernel: samples that the convolutions of either path see.
        sources: K, in the order accompaniment, voice, or bass, drums, other, voice.
        channels: C of the sound.
        context: convolutions see what lies beyond an example instead of padded zeros.
        difference: the last source is the mixture less all others, so that they add up.
        learned: each channel learns how it is interpolated, instead of the mean of neighbours.
        sample_rate: in Hz.
    """

    levels: int = ranged(12, 1, 14)
    filters: int = ranged(24, 1, 256)
    down_kernel: int = ranged(15, 1, 63, odd=True)
    up_kernel: int = ranged(5, 1, 63, odd=True)
    sources: int = ranged(2, 1, 8)
    channels: int = ranged(1, 1, 2)
    context: bool = False
    difference: bool = False
    learned: bool = False
    sample_rate: int = ranged(22_050, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)
        if self.difference and self.sources < 2:
            raise ValueError("sources: got 1, expected at least 2 with a difference output")

    @classmethod
    def named(cls, size: str, **changes: Any) -> WaveUnetConfig:
        """The config of a key of `VARIANTS`."""
        if size not in VARIANTS:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(VARIANTS)}")
        return replace(cls(**VARIANTS[size]), **changes)

    def input_size(self, bottleneck: int) -> int:
        """Samples that become `bottleneck` samples at the deepest level, without padding."""
        lost = self.down_kernel - 1
        return 2**self.levels * (bottleneck + 2 * lost - 1) + 1 - lost

    def output_size(self, bottleneck: int) -> int:
        """Samples that `bottleneck` samples at the deepest level become, without padding."""
        lost = self.up_kernel - 1
        return 2**self.levels * (bottleneck - 1 - lost) + 1 + lost

    def bottleneck(self, length: int) -> int:
        """The smallest bottleneck whose output has `length` samples or more."""
        lost = self.up_kernel - 1
        return 1 + lost + max(1, -(-(length - 1 - lost) // 2**self.levels))


class WaveUnet(nn.Module):
    """Separates sound: (B, N, T) -> (B, K, N, T) for any T >= 1.

    A stereo net takes the N channels in pairs, the last one twice where there is no other.
    In training, a net with context returns only the middle, which has its whole context.

    Attributes:
        stride: samples of the deepest level's step.
        receptive_field: samples on either side that can change an output sample.
        multichannel: it takes the channels of a sound together.
    """

    multichannel = True

    def __init__(self, config: WaveUnetConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or WaveUnetConfig()
        widths = [c.channels, *(c.filters * (level + 1) for level in range(c.levels + 1))]
        self.down = nn.ModuleList(
            _Conv(widths[level], widths[level + 1], c.down_kernel, c.context)
            for level in range(c.levels + 1)
        )
        self.rise = nn.ModuleList(
            _Rise(widths[level + 2], c.learned, c.context) for level in range(c.levels)
        )
        self.up = nn.ModuleList(
            _Conv(widths[level + 1] + widths[level + 2], widths[level + 1], c.up_kernel, c.context)
            for level in range(c.levels)
        )
        n_estimated = c.sources - c.difference
        self.last = nn.Conv1d(c.filters + c.channels, n_estimated * c.channels, 1)
        keep_level(self.down[0].conv, LEVEL * GAIN)
        keep_level(self.last, QUIET)
        self.stride = 2**c.levels
        self.lead = (c.input_size(0) - c.output_size(0)) // 2  # of the input over the output
        self.receptive_field = self.lead + self.stride

    def forward(self, x: Tensor) -> Tensor:
        batch, n_channels, _ = x.shape
        odd = n_channels % self.config.channels
        x = torch.cat((x, x[:, -1:]), 1) if odd else x
        groups = x.reshape(-1, self.config.channels, x.shape[-1])
        sources = self._pad_and_separate(groups).unflatten(0, (batch, -1))  # (B, groups, K, C, T)
        return sources.transpose(1, 2).flatten(2, 3)[:, :, :n_channels]

    def _pad_and_separate(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B, K, C, T)."""
        length, c = x.shape[-1], self.config
        if not c.context:
            return self._separate(nn.functional.pad(x, (0, -length % self.stride)), length)
        if self.training:
            return self._separate(x, self._trained_length(length))
        after = c.input_size(c.bottleneck(length)) - length - self.lead
        return self._separate(nn.functional.pad(x, (self.lead, after)), length)

    def _trained_length(self, size: int) -> int:
        """Samples that a mixture of `size` becomes without padding.

        Raises:
            ValueError: no bottleneck has this size; the levels would not lie over each other.
        """
        c = self.config
        lost = c.down_kernel - 1
        bottleneck = (size + lost - 1) // self.stride + 1 - 2 * lost
        if c.input_size(bottleneck) != size or c.output_size(bottleneck) < 1:
            nearest = c.input_size(max(bottleneck, c.bottleneck(1)))
            raise ValueError(f"mixture: got {size} samples, expected {nearest} or another size")
        return c.output_size(bottleneck)

    def _separate(self, mixture: Tensor, length: int) -> Tensor:
        """(B, C, L_m) -> (B, K, C, up to `length`): the sources of the mixture's middle."""
        c, x, skips = self.config, mixture.to(self.last.weight.dtype), []
        for conv in self.down[:-1]:
            x = conv(x)
            skips.append(x)
            x = x[..., ::2]
        x = self.down[-1](x)
        for level in reversed(range(c.levels)):
            x = self.rise[level](x)
            x = self.up[level](torch.cat((middle(skips.pop(), x.shape[-1]), x), 1))
        seen = middle(mixture, x.shape[-1])
        x = self.last(torch.cat((seen.to(x.dtype), x), 1))
        sources = torch.tanh(x)[..., :length].to(mixture.dtype).unflatten(1, (-1, c.channels))
        if not c.difference:
            return sources
        rest = seen[..., :length] - sources.sum(1)
        return torch.cat((sources, rest[:, None]), 1)


class _Conv(nn.Module):
    """A convolution, with zero padding unless there is context, and a leaky ReLU."""

    def __init__(self, channels: int, channels_out: int, kernel: int, context: bool) -> None:
        super().__init__()
        padding = 0 if context else kernel // 2
        conv = nn.Conv1d(channels, channels_out, kernel, padding=padding)
        self.conv = keep_level(conv, GAIN)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.leaky_relu_(self.conv(x), SLOPE)


class _Rise(nn.Module):
    """Doubles the rate by interpolation: N -> 2N - 1 samples with context, else 2N.

    Source: equation 1; with w = 0, as at the start, it is linear.
    """

    def __init__(self, channels: int, learned: bool, context: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1)) if learned else None
        self.context = context

    def forward(self, x: Tensor) -> Tensor:
        left, right = x[..., :-1], x[..., 1:]
        share = 0.5 if self.weight is None else torch.sigmoid(self.weight)
        between = right + share * (left - right)
        last = x[..., -1:]
        pairs = torch.stack((x, torch.cat((between, last), -1)), -1).flatten(-2)
        return pairs[..., :-1] if self.context else pairs


def middle(x: Tensor, length: int) -> Tensor:
    """The middle `length` samples of (..., T)."""
    start = (x.shape[-1] - length) // 2
    return x[..., start : start + length]
