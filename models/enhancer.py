"""The waveform enhancer: a Wave-U-Net whose few skips make it synthesise what is missing.

Source: "Wave U-Net Enhancer": six levels of stride 4 at 48 kHz, residual skips only at
the deepest levels, a gated linear unit in every level, Snake, weight normalisation. Levels as in
Defossez et al. 2019, "Music Source Separation in the Waveform Domain", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from models.config import RATES_HZ, check, ranged
from models.cpu import rows
from models.layers import Snake, keep_level, pad_to_multiple, weight_norm

KERNEL, STRIDE = 8, 4
GATE = 1.85  # makes up for a half-open gate, which halves the level

SIZES: dict[str, tuple[int, ...]] = {  # multiples of 16: two to three times as fast on a CPU
    "small": (32, 64, 128, 160, 160, 160),
    "base": (32, 64, 128, 256, 416, 416),
    "large": (48, 96, 192, 384, 768, 800),
}


@dataclass(frozen=True)
class EnhancerConfig:
    """All that defines an `Enhancer`.

    Args:
        widths: channels of each level, outermost first.
        n_skips: residual skips, counted from the deepest level; 0 to len(widths). A third
            one lets the net copy damage through ("Wave U-Net Enhancer").
        lstm: a two-layer bidirectional LSTM at the bottleneck. Its memory is unbounded, so
            windowed and whole output then agree only approximately.
        sample_rate: in Hz.
    """

    widths: tuple[int, ...] = ranged(SIZES["base"], 1, 4096, count=(1, 8))
    n_skips: int = ranged(2, 0, 8)
    lstm: bool = False
    sample_rate: int = ranged(48_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)
        if not 0 <= self.n_skips <= len(self.widths):
            raise ValueError(f"n_skips: got {self.n_skips}, expected 0 to {len(self.widths)}")

    @classmethod
    def named(cls, size: str, **changes: Any) -> EnhancerConfig:
        """The config of a named size: small (2 M parameters), base (8 M) or large (28 M)."""
        if size not in SIZES:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(SIZES)}")
        return replace(cls(widths=SIZES[size]), **changes)


class Enhancer(nn.Module):
    """Restores mono sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    Fresh weights keep the level of speech, about 0.1, through all layers. There Snake and gates are
    nearly linear; at a level of 1 each layer widens differences, and training ends in gradients
    that explode.

    It runs in float32 under autocast too: of the 50 dB to which bfloat16 agrees after one
    convolution, 36 dB are left after 24 in a row.

    Attributes:
        stride: samples of one bottleneck frame; the net is equivariant to shifts of its multiples.
        receptive_field: samples on either side that can change an output sample.
    """

    multichannel = False

    def __init__(self, config: EnhancerConfig | None = None) -> None:
        super().__init__()
        self.config = config or EnhancerConfig()
        widths = self.config.widths
        self.encoder = nn.ModuleList(
            _Down(inner, outer) for inner, outer in zip((1, *widths), widths, strict=False)
        )
        self.lstm = _Memory(widths[-1]) if self.config.lstm else nn.Identity()
        self.decoder = nn.ModuleList(
            _Up(outer, inner, last=level == 0)
            for level, (inner, outer) in enumerate(zip((1, *widths), widths, strict=False))
        )
        self.stride = STRIDE ** len(widths)
        self.receptive_field = 4 * self.stride  # 3 bottleneck frames and 2/3 of one in the encoder

    def forward(self, x: Tensor) -> Tensor:
        length, dtype = x.shape[-1], x.dtype
        x = pad_to_multiple(x, self.stride).to(self.decoder[0].conv.bias.dtype)
        with torch.autocast(x.device.type, enabled=False):
            x = self._on_cpu(x.mT).mT if rows.applies(self, x) else self._restored(x)
        return x[..., :length].to(dtype)

    def _restored(self, x: Tensor) -> Tensor:
        skips = []
        for level in self.encoder:
            x = level(x)
            skips.append(x)
        x = self.lstm(x)
        first_skip = len(skips) - self.config.n_skips
        for index in reversed(range(len(skips))):
            x = self.decoder[index](x, skips[index] if index >= first_skip else None)
        return x

    def _on_cpu(self, x: Tensor) -> Tensor:
        """As `_restored`, with samples as rows: (B, T, 1) -> (B, T, 1)."""
        skips = []
        for level in self.encoder:
            x = level.on_cpu(x)
            skips.append(x)
        x = self.lstm(x.mT).mT
        first_skip = len(skips) - self.config.n_skips
        for index in reversed(range(len(skips))):
            x = self.decoder[index].on_cpu(x, skips[index] if index >= first_skip else None)
        return x


class _Down(nn.Module):
    """A quarter of the rate: strided convolution, Snake, gated pointwise convolution."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        conv = nn.Conv1d(channels_in, channels, KERNEL, STRIDE, (KERNEL - STRIDE) // 2)
        self.conv = weight_norm(keep_level(conv))
        self.snake = Snake(channels)
        self.gate = weight_norm(keep_level(nn.Conv1d(channels, 2 * channels, 1), GATE))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.glu(self.gate(self.snake(self.conv(x))), dim=1)

    def on_cpu(self, x: Tensor) -> Tensor:
        """As `forward`, of rows."""
        return rows.gated(rows.snake_(rows.down_overlapping(x, self.conv), self.snake), self.gate)


class _Up(nn.Module):
    """Four times the rate: gated convolution, plus the skip, transposed convolution, Snake.

    The skip goes around the gated convolution, so that the deepest one, whose encoder output is
    also the decoder's input, is a residual connection and not a doubling.
    """

    def __init__(self, channels: int, channels_out: int, last: bool) -> None:
        super().__init__()
        gate = nn.Conv1d(channels, 2 * channels, 3, padding=1)
        self.gate = weight_norm(keep_level(gate, GATE))
        conv = nn.ConvTranspose1d(channels, channels_out, KERNEL, STRIDE, (KERNEL - STRIDE) // 2)
        self.conv = weight_norm(keep_level(conv))
        self.snake = nn.Identity() if last else Snake(channels_out)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = nn.functional.glu(self.gate(x), dim=1)
        return self.snake(self.conv(x if skip is None else x + skip))

    def on_cpu(self, x: Tensor, skip: Tensor | None) -> Tensor:
        """As `forward`, of rows."""
        x = rows.gated(x, self.gate)
        x = rows.up_overlapping(x if skip is None else x.add_(skip), self.conv)
        return rows.snake_(x, self.snake) if isinstance(self.snake, Snake) else x


class _Memory(nn.Module):
    """Two-layer bidirectional LSTM and a linear layer back to the same width (Demucs)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, channels, 2, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)  # (B, T, C)
        return self.linear(self.lstm(x)[0]).transpose(1, 2)  # (B, C, T)
