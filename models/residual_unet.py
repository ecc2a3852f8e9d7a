"""The residual U-Net: double convolutions, seven levels of stride 2, and its output is added.

    input -+- 16 - 32 - 64 - 128 - 256 - 512 - 1024 - 1024 (a level: half the rate)
           |   |    |    |    |     |     |     |       |
           |  16 - 16 - 32 -  64 - 128 - 256 - 512 -----+     linear up, concatenated, double conv
           +---+ 1x1 convolution, added                -> output

It takes sound that was resampled to its rate already, and adds the treble that it lacks.
Source: a thesis on neural audio upsampling (22.05 to 44.1 kHz), section 2.4 and appendix A.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.layers import pad_to_multiple

KERNEL = 3
SIZES: dict[str, tuple[int, ...]] = {
    "quarter": (16, 16, 16, 32, 64, 128, 256, 256),
    "half": (16, 16, 32, 64, 128, 256, 512, 512),  # at least 16: narrower ones are no faster
    "full": (16, 32, 64, 128, 256, 512, 1024, 1024),
}


@dataclass(frozen=True)
class ResidualUnetConfig:
    """All that defines a `ResidualUnet`.

    Args:
        widths: channels of each level, outermost first; every further level halves the rate.
        align_corners: of the linear interpolation. The thesis has it, and its output then depends
            on the length of the window; without it, windowed equals whole.
        sample_rate: in Hz.
    """

    widths: tuple[int, ...] = ranged(SIZES["full"], 1, 4096, count=(2, 12))
    align_corners: bool = False
    sample_rate: int = ranged(44_100, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def named(cls, size: str, **changes: Any) -> ResidualUnetConfig:
        """The config of a named size: quarter (1 M parameters), half (4.5 M) or full (17.9 M)."""
        if size not in SIZES:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(SIZES)}")
        return replace(cls(widths=SIZES[size]), **changes)


class ResidualUnet(nn.Module):
    """Adds treble to mono sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    Attributes:
        stride: samples of one frame of the deepest level.
        receptive_field: samples on either side that can change an output sample.
    """

    multichannel = False

    def __init__(self, config: ResidualUnetConfig | None = None) -> None:
        super().__init__()
        self.config = config or ResidualUnetConfig()
        widths = self.config.widths
        self.enter = _double_conv(1, widths[0])
        self.down = nn.ModuleList(_double_conv(wide, deep, 2) for wide, deep in pairwise(widths))
        self.up = nn.ModuleList()
        below = widths[-1]
        for level in reversed(range(len(widths) - 1)):
            out = widths[max(level - 1, 0)]
            self.up.append(_double_conv(widths[level] + below, out))
            below = out
        self.leave = nn.Conv1d(below, 1, 1)
        depth = len(widths) - 1
        self.stride = 2**depth
        # two convolutions at each level down, and up, where interpolation reaches one frame
        self.receptive_field = 2 + 2 * (2**depth - 1) + 4 * (2**depth - 1)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-1]
        y = self.enter(pad_to_multiple(x, self.stride).to(self.leave.weight.dtype))
        skips = []
        for down in self.down:
            skips.append(y)
            y = down(y)
        for up in self.up:
            y = nn.functional.interpolate(
                y, scale_factor=2, mode="linear", align_corners=self.config.align_corners
            )
            y = up(torch.cat((skips.pop(), y), 1))
        return x + self.leave(y)[..., :length].to(x.dtype)


def _double_conv(channels: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """Two convolutions, each with batch norm; the second one has no activation."""
    return nn.Sequential(
        nn.Conv1d(channels, channels_out, KERNEL, padding=1),
        nn.BatchNorm1d(channels_out),
        nn.ReLU(),
        nn.Conv1d(channels_out, channels_out, KERNEL, stride, padding=1),
        nn.BatchNorm1d(channels_out),
    )
