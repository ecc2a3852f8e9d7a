"""The waveform enhancer as it is run: the same function, laid out for speed.

A convolution of stride 4 and kernel 8 reads blocks of four samples: on (B, T, C) memory four
samples of C channels *are* one sample of 4C channels, so it is a dense convolution of kernel 2 at a
quarter of the rate, and the transposed one is its mirror image. Channels lie innermost, as oneDNN
and cuDNN want it. Measured on two CPU cores against the folded module: 1.2 to 1.6 times as fast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.enhancer import KERNEL, STRIDE, Enhancer
from models.layers import Snake, fold_weight_norm, pad_to_multiple

EDGE = (KERNEL - STRIDE) // 2  # samples that the strided convolutions reach over each end


class PolyphaseEnhancer(nn.Module):
    """An `Enhancer` for inference: equal to 1e-5, same attributes, any T.

    Args:
        net: without an LSTM; its weight norm is folded in place.
    """

    def __init__(self, net: Enhancer) -> None:
        super().__init__()
        fold_weight_norm(net)
        self.config, self.stride, self.receptive_field = net.config, net.stride, net.receptive_field
        self.encoder = nn.ModuleList(_Down(level) for level in net.encoder)
        self.decoder = nn.ModuleList(_Up(level) for level in net.decoder)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        length, dtype = x.shape[-1], x.dtype
        x = pad_to_multiple(x, self.stride).to(self.decoder[0].bias.dtype)
        x = x.transpose(1, 2)  # (B, T, C)
        skips = []
        for level in self.encoder:
            x = level(x)
            skips.append(x)
        first_skip = len(skips) - self.config.n_skips
        for index in reversed(range(len(skips))):
            x = self.decoder[index](x, skips[index] if index >= first_skip else None)
        return x.transpose(1, 2)[..., :length].to(dtype)


class _Down(nn.Module):
    def __init__(self, level: nn.Module) -> None:
        super().__init__()
        channels, channels_in, _ = level.conv.weight.shape
        blocks = level.conv.weight.view(channels, channels_in, KERNEL // STRIDE, STRIDE)
        self.weight = _kernel(blocks.permute(0, 3, 1, 2).flatten(1, 2))  # (C, 4 C_in, 2)
        self.bias = nn.Parameter(level.conv.bias)
        self.snake = _Snake(level.snake)
        offset = level.gate.weight[:, :, 0] @ self.snake.inverse
        self.gate, self.gate_bias = (
            _kernel(level.gate.weight),
            nn.Parameter(level.gate.bias + offset),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (0, 0, EDGE, EDGE))
        x = x.view(x.shape[0], -1, STRIDE * x.shape[2])  # (B, T / 4 + 1, 4 C)
        x = self.snake(_convolve(x, self.weight, self.bias))
        return functional.glu(_convolve(x, self.gate, self.gate_bias), dim=-1)


class _Up(nn.Module):
    def __init__(self, level: nn.Module) -> None:
        super().__init__()
        channels, self.channels_out, _ = level.conv.weight.shape
        blocks = level.conv.weight.view(channels, self.channels_out, KERNEL // STRIDE, STRIDE)
        late_first = blocks.flip(2).permute(3, 1, 0, 2).flatten(0, 1)  # (4 C_out, C, 2)
        self.weight = _kernel(late_first)
        self.bias = nn.Parameter(level.conv.bias.repeat(STRIDE))
        self.gate, self.gate_bias = _kernel(level.gate.weight), nn.Parameter(level.gate.bias)
        self.snake = _Snake(level.snake) if isinstance(level.snake, Snake) else None

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = functional.glu(_convolve(x, self.gate, self.gate_bias, 1), dim=-1)
        if skip is not None:
            x = x.add_(skip)
        x = _convolve(x, self.weight, self.bias, 1)  # (B, T + 1, 4 C_out)
        x = x.reshape(x.shape[0], -1, self.channels_out)
        x = x[:, EDGE : x.shape[1] - EDGE]
        return x if self.snake is None else self.snake(x).add_(self.snake.inverse)


class _Snake(nn.Module):
    """Snake on (B, T, C) less its constant `inverse`, in three passes over memory."""

    def __init__(self, snake: Snake) -> None:
        super().__init__()
        twice = 2 * snake.alpha[:, 0]
        self.twice, self.inverse = nn.Parameter(twice), nn.Parameter(1 / (twice + 1e-9))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(x, (x * self.twice).cos_(), self.inverse, value=-1)


def _kernel(weight: Tensor) -> nn.Parameter:
    """(C_out, C_in, K) as a 2-D kernel of height 1 with its channels innermost in memory."""
    return nn.Parameter(weight[:, :, None].contiguous(memory_format=torch.channels_last))


def _convolve(x: Tensor, kernel: Tensor, bias: Tensor, padding: int = 0) -> Tensor:
    """(B, T, C_in) -> (B, T', C_out) without moving an axis in memory."""
    image = x[:, None].permute(0, 3, 1, 2)  # (B, C, 1, T), channels last
    return functional.conv2d(image, kernel, bias, padding=(0, padding)).permute(0, 2, 3, 1)[:, 0]
