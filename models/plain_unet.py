"""The plain U-Net: four strided convolutions down, four transposed ones up, skips concatenated.

    input - 64 ------------------------- cat - conv - tanh - output     full rate
             128 ---------------- cat - 64                              half
               256 ------- cat - 128                                    quarter
                 512 - 256                                              eighth

It takes sound that was resampled to its rate already, and gives the whole sound anew.
Source: Cukaj and Corsi 2025, "Audio Super-Resolution using Deep Learning", section 3.3; sizes from
the authors' code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.layers import pad_to_multiple

SLOPE = 0.2  # of the leaky activations going down
SIZES: dict[str, tuple[int, ...]] = {
    "small": (16, 32, 64, 128),
    "full": (64, 128, 256, 512),
}


@dataclass(frozen=True)
class PlainUnetConfig:
    """All that defines a `PlainUnet`.

    Args:
        widths: channels of each level, outermost first; every further level halves the rate.
        kernel: of the convolutions; transposed ones have one more.
        tanh: limit the output to [-1, 1], as the paper does.
        residual: the output is added to the input; the paper's is not.
        sample_rate: in Hz.
    """

    widths: tuple[int, ...] = ranged(SIZES["full"], 1, 4096, count=(2, 8))
    kernel: int = ranged(15, 3, 63, odd=True)
    tanh: bool = True
    residual: bool = False
    sample_rate: int = ranged(44_100, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def named(cls, size: str, **changes: Any) -> PlainUnetConfig:
        """The config of a named size: small (0.4 M parameters) or full (6 M)."""
        if size not in SIZES:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(SIZES)}")
        return replace(cls(widths=SIZES[size]), **changes)


class PlainUnet(nn.Module):
    """Restores mono sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    Attributes:
        stride: samples of one frame of the deepest level.
        receptive_field: samples on either side that can change an output sample.
    """

    multichannel = False

    def __init__(self, config: PlainUnetConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or PlainUnetConfig()
        self.down = nn.ModuleList(
            _down(wide, deep, c.kernel, 1 if wide == 1 else 2)
            for wide, deep in pairwise((1, *c.widths))
        )
        inputs = [c.widths[-1], *(2 * width for width in c.widths[-2:0:-1])]
        self.up = nn.ModuleList(
            _up(deep, wide, c.kernel)
            for deep, wide in zip(inputs, reversed(c.widths[:-1]), strict=True)
        )
        self.leave = nn.Conv1d(2 * c.widths[0], 1, c.kernel, padding=c.kernel // 2)
        depth = len(c.widths) - 1
        self.stride = 2**depth
        half = c.kernel // 2
        reach_down = half + half * sum(2**level for level in range(depth))
        reach_up = half + sum(-(-(half + 1) // 2) * 2**level for level in range(1, depth + 1))
        self.receptive_field = reach_down + reach_up

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-1]
        y = pad_to_multiple(x, self.stride).to(self.leave.weight.dtype)
        skips = []
        for down in self.down:
            y = down(y)
            skips.append(y)
        skips.pop()  # the deepest level is the way up's beginning
        for up in self.up:
            y = torch.cat((up(y), skips.pop()), 1)
        y = self.leave(y)[..., :length].to(x.dtype)
        y = torch.tanh(y) if self.config.tanh else y
        return x + y if self.config.residual else y


def _down(channels: int, channels_out: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(channels, channels_out, kernel, stride, kernel // 2),
        nn.BatchNorm1d(channels_out),
        nn.LeakyReLU(SLOPE),
    )


def _up(channels: int, channels_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose1d(channels, channels_out, kernel + 1, 2, kernel // 2),
        nn.BatchNorm1d(channels_out),
        nn.ReLU(),
    )
