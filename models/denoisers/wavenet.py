"""A non-causal WaveNet that removes noise from the waveform.

Gated convolutions, whose dilation doubles from layer to layer, with residual and skip connections
estimate the noise, which is subtracted. With `patch` above one, that many samples enter as the
channels of one step: the net runs that many times faster and reaches that many times further.
The stereo form sees the mean of all channels beside each channel, so that what they share counts.
Source: Rethage, Pons and Serra 2018, "A Wavenet for Speech Denoising" (arXiv 1706.07162).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.config import RATES_HZ, check, ranged
from models.cpu import rows
from models.layers import keep_level, pad_to_multiple

KERNEL = 3
LEVEL = 10.0  # brings sound of a usual level, about 0.1, to about one

SIZES: dict[str, tuple[int, int, int]] = {  # channels, stacks, layers of a stack
    "small": (64, 2, 9),
    "medium-lite": (96, 2, 9),
    "medium": (128, 3, 9),
    "large": (192, 3, 10),
}


@dataclass(frozen=True)
class WaveNetConfig:
    """All that defines a `WaveNet`.

    Args:
        channels: of the residual and the skip path.
        stacks: how often the dilations 1, 2, 4, ... are repeated.
        layers: of a stack.
        patch: samples of a step.
        stereo: the channels of a sound, of any number, are denoised together.
        sample_rate: in Hz.
    """

    channels: int = ranged(SIZES["small"][0], 1, 2048)
    stacks: int = ranged(SIZES["small"][1], 1, 16)
    layers: int = ranged(SIZES["small"][2], 1, 14)
    patch: int = ranged(8, 1, 256)
    stereo: bool = False
    sample_rate: int = ranged(32_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def named(cls, size: str, **changes: Any) -> WaveNetConfig:
        """The config of a named size: small, medium-lite, medium or large."""
        if size not in SIZES:
            raise ValueError(f"size: got {size!r}, expected one of {', '.join(SIZES)}")
        channels, stacks, layers = SIZES[size]
        return replace(cls(channels=channels, stacks=stacks, layers=layers), **changes)


class WaveNet(nn.Module):
    """Denoises sound: (B, C, T) -> (B, C, T) for any C and T >= 1; it starts as the identity.

    Attributes:
        stride: samples of a step.
        receptive_field: samples on either side that can change an output sample.
        multichannel: the channels are denoised together, not each on its own.
    """

    def __init__(self, config: WaveNetConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or WaveNetConfig()
        self.multichannel = c.stereo
        inputs = 2 if c.stereo else 1  # a channel, and the mean of all
        self.enter = nn.Conv1d(inputs * c.patch, c.channels, KERNEL, padding=KERNEL // 2)
        dilations = [2**layer for layer in range(c.layers)] * c.stacks
        self.layers = nn.ModuleList(_Layer(c.channels, dilation) for dilation in dilations)
        self.leave = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(c.channels, 2 * c.channels, KERNEL, padding=KERNEL // 2),
            nn.ReLU(),
            nn.Conv1d(2 * c.channels, c.patch, KERNEL, padding=KERNEL // 2),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                keep_level(module)
        nn.init.zeros_(self.leave[-1].weight)
        self.stride = c.patch
        self.receptive_field = c.patch * (sum(dilations) + 4)

    def forward(self, x: Tensor) -> Tensor:
        steps = self._steps(x).to(self.enter.weight.dtype)
        noise = self._on_cpu(steps) if rows.applies(self, x) else self._noise(steps)
        noise = noise.transpose(1, 2).flatten(1)
        return x - noise.unflatten(0, x.shape[:2])[..., : x.shape[-1]].to(x.dtype) / LEVEL

    def _noise(self, steps: Tensor) -> Tensor:
        """(B C, I patch, N) -> (B C, patch, N)."""
        y = self.enter(steps)
        total = torch.zeros_like(y)
        for layer in self.layers:
            y, skip = layer(y)
            total = total + skip
        return self.leave(total * len(self.layers) ** -0.5)

    def _on_cpu(self, steps: Tensor) -> Tensor:
        """As `_noise`, with frames as rows.

        The division by the root of two is left to the next layers' weights, so that a layer only
        adds to what it got: its input, grown by that, and the total of the skip outputs.
        """
        x = rows.convolution(steps.transpose(1, 2), self.enter)  # (B C, N, channels)
        total = torch.zeros_like(x)
        for index, layer in enumerate(self.layers):
            layer.add_on_cpu(x, total, growth=2 ** (index / 2))
        total = functional.relu_(total.mul_(len(self.layers) ** -0.5))
        y = rows.convolution(total, self.leave[1], activation="relu")
        return rows.convolution(y, self.leave[3]).transpose(1, 2)

    def _steps(self, x: Tensor) -> Tensor:
        """(B, C, T) -> (B C, I patch, N): each channel, and in stereo the mean of all beside it."""
        inputs = x.unsqueeze(2)  # (B, C, I, T)
        if self.multichannel:
            inputs = torch.cat((inputs, x.mean(1, keepdim=True).expand_as(x).unsqueeze(2)), 2)
        steps = pad_to_multiple(LEVEL * inputs.flatten(0, 1), self.stride)
        return steps.unflatten(-1, (-1, self.stride)).transpose(2, 3).flatten(1, 2)


class _Layer(nn.Module):
    """Gated dilated convolution: (B, C, N) -> the next layer's input, and the skip output."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.gate = nn.Conv1d(
            channels, 2 * channels, KERNEL, padding=dilation * (KERNEL // 2), dilation=dilation
        )
        self.mix = nn.Conv1d(channels, 2 * channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        signal, gate = self.gate(x).chunk(2, 1)
        more, skip = self.mix(torch.tanh(signal) * torch.sigmoid(gate)).chunk(2, 1)
        return (x + more) * 0.5**0.5, skip

    def add_on_cpu(self, x: Tensor, total: Tensor, growth: float) -> None:
        """Adds this layer's outputs to its input, (B, N, C) and `growth` times as large, and to
        the total of the skip outputs."""
        dilation = self.gate.dilation[0]
        weights, biases = (self.gate.weight / growth).chunk(2), self.gate.bias.chunk(2)
        signal, gate = (
            rows.convolved(x, weight, bias, dilation, activation)
            for weight, bias, activation in zip(weights, biases, ("tanh", "sigmoid"), strict=True)
        )
        more, skip = self.mix.weight[:, :, 0].chunk(2)
        more_bias, skip_bias = self.mix.bias.chunk(2)
        gated = signal.mul_(gate)
        rows.add_linear_(x, gated, growth * more, growth * more_bias)
        rows.add_linear_(total, gated, skip, skip_bias)
