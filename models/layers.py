"""Blocks that more than one net uses."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils.fusion import fuse_conv_bn_eval


class Snake(nn.Module):
    """Periodic activation x + sin^2(a x) / a with one learned a for each channel.

    Source: Ziyin et al. 2020, "Neural Networks Fail to Learn Periodic Functions", eq. 3;
    written as x + (1 - cos 2ax) / 2a, which needs one transcendental function and no square.

    Args:
        channels: C of the (B, C, T) input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return _SnakeFunction.apply(x, self.alpha)
        return _snake(x, self.alpha)


def _snake(x: Tensor, alpha: Tensor) -> Tensor:
    wave = torch.cos_(2 * alpha * x)
    return torch.addcmul(x, wave.neg_().add_(1), 1 / (2 * alpha + 1e-9))


class _SnakeFunction(torch.autograd.Function):
    """Snake that saves only its input and output, which the neighbouring layers save anyway."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor) -> Tensor:
        y = _snake(x, alpha)
        ctx.save_for_backward(x, alpha, y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        x, alpha, y = ctx.saved_tensors
        slope = torch.sin_(2 * alpha * x)  # dy/dx - 1
        by_alpha = torch.addcmul(x - y, x, slope).mul_(gradient).sum((0, 2))[:, None]
        return slope.add_(1).mul_(gradient).to(x.dtype), by_alpha / (alpha + 1e-9)


class ChannelNorm(nn.Module):
    """Root-mean-square norm over the channels of each frame, without regard to other frames.

    Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization"; statistics over time
    would make a window's output differ from that of the whole sound.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6) * self.gain


class ConvNextBlock(nn.Module):
    """(B, C, N) -> (B, C, N): depthwise convolution, norm, pointwise wide, GELU, narrow; added.

    Source: Liu et al. 2022, "A ConvNet for the 2020s", figure 4.

    Args:
        channels: C.
        expansion: inner width, in multiples of C.
        kernel: frames that the depthwise convolution sees.
        dropout: share of channels dropped in training.
    """

    def __init__(self, channels: int, expansion: int, kernel: int, dropout: float = 0.0) -> None:
        super().__init__()
        inner = expansion * channels
        self.mix = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = ChannelNorm(channels)
        self.wide = nn.Conv1d(channels, inner, 1)
        self.narrow = nn.Conv1d(inner, channels, 1)
        self.drop = nn.Dropout1d(dropout)
        self.scale = nn.Parameter(torch.full((channels, 1), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        y = nn.functional.gelu(self.wide(self.norm(self.mix(x))))
        return x + self.scale * self.narrow(self.drop(y))


def keep_level(layer: nn.Conv1d | nn.ConvTranspose1d, gain: float = 1.0) -> nn.Module:
    """`layer` with random weights that multiply the level of noise by `gain`, and zero bias.

    PyTorch's default weights halve the level and a gate halves it again, so that nothing is left
    after twelve layers.
    Source: He et al. 2015, "Delving Deep into Rectifiers", eq. 10.

    Args:
        layer: its weights are replaced in place.
        gain: of the output's standard deviation over the input's.
    """
    if layer.weight.is_meta:  # only its shape counts
        return layer
    inputs = layer.in_channels * layer.kernel_size[0]
    if isinstance(layer, nn.ConvTranspose1d):
        inputs //= layer.stride[0]
    nn.init.normal_(layer.weight, std=gain * inputs**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def weight_norm(layer: nn.Module) -> nn.Module:
    """`layer` with its weight split into direction and length (Salimans and Kingma 2016)."""
    if layer.weight.is_meta:
        return parametrize.register_parametrization(layer, "weight", _Shapes(), unsafe=True)
    return parametrizations.weight_norm(layer)


class _Shapes(nn.Module):
    """Weight norm on the device "meta", where PyTorch's own imports half a compiler."""

    def forward(self, length: Tensor, direction: Tensor) -> Tensor:
        return direction

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return weight.new_empty(len(weight), *(1,) * (weight.ndim - 1)), weight


def fold_weight_norm(net: nn.Module) -> nn.Module:
    """Replaces each direction and length by the weight itself, in place; the output is the same."""
    for module in net.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
            module.weight = nn.Parameter(module.weight.detach())  # a plain tensor without gradients
    return net


def fold_batch_norm(net: nn.Module) -> nn.Module:
    """Folds each batch norm into the convolution before it in an `nn.Sequential`, in place.

    The output is that of the net with its running statistics; the net must be in evaluation mode.
    """
    for block in [module for module in net.modules() if isinstance(module, nn.Sequential)]:
        for index in range(1, len(block)):
            conv, norm = block[index - 1], block[index]
            if isinstance(norm, nn.modules.batchnorm._BatchNorm):
                turned = isinstance(conv, (nn.ConvTranspose1d, nn.ConvTranspose2d))
                block[index - 1] = fuse_conv_bn_eval(conv, norm, transpose=turned)
                block[index] = nn.Identity()
    return net


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """(..., T) with zeros after its end, so that T is a multiple."""
    return nn.functional.pad(x, (0, -x.shape[-1] % multiple))
