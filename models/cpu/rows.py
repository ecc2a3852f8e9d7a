"""Layers for a processor, on sound whose frames are rows: (B, N, C).

A pointwise convolution is a matrix product here, which oneDNN runs with bias, activation or
addition in the same pass. PyTorch's own convolutions and products take up to twice the time: with
one thread and on AMD they go through MKL.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import Snake

USUAL_ROWS = 1024
SNAKE_AT_ONCE = 1 << 17
"""Values that `snake_` works on at a time."""


def applies(net: nn.Module, x: Tensor, *, autocast: bool = False) -> bool:
    """Whether a net may take its form for a processor: nothing is learned from this pass.

    Args:
        autocast: whether that form also knows automatic mixed precision.
    """
    learning = net.training or torch.is_grad_enabled()
    is_known = autocast or not torch.is_autocast_enabled("cpu")
    return x.device.type == "cpu" and not learning and is_known


def linear(
    x: Tensor, weight: Tensor, bias: Tensor | None, *, gelu: bool = False, add: Tensor | None = None
) -> Tensor:
    """x W' + b, then GELU or plus `add`: (B, N, C) -> (B, N, D).

    Args:
        weight: (D, C), of the type of `x`.
        bias: (D,).
        gelu: apply GELU; not together with `add`.
        add: (B, N, D).
    """
    if not _has_onednn(x.dtype):
        y = functional.linear(x, weight, bias)
        return functional.gelu(y) if gelu else y if add is None else y + add
    operator = torch.ops.mkldnn._linear_pointwise
    if add is not None:
        return operator.binary(x, add, weight, bias, "add")
    return operator(x, weight, bias, "gelu" if gelu else "none", [], "none")


def add_linear_(total: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> None:
    """Adds x W' + b to `total`, (B, N, D) and contiguous, in place."""
    if not _has_onednn(x.dtype):
        total += functional.linear(x, weight, bias)
        return
    assert total.is_contiguous()
    operator = torch.ops.mkldnn._convolution_pointwise_.binary
    taps, step = weight[:, :, None, None], [1, 1]
    operator(
        _image(total), _image(x), taps, bias, [0, 0], step, step, 1, "add", 1.0, None, [], None
    )


def pointwise(x: Tensor, conv: nn.Conv1d, *, gelu: bool = False) -> Tensor:
    """A convolution of kernel 1."""
    return linear(x, conv.weight[:, :, 0], conv.bias, gelu=gelu)


def depthwise(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """A depthwise convolution that keeps the length."""
    image = _image(x)
    weight, padding = conv.weight[:, :, None], (0, *conv.padding)
    dilation = (1, *conv.dilation)
    y = functional.conv2d(image, weight, conv.bias, 1, padding, dilation, conv.groups)
    return y[:, :, 0].transpose(1, 2)


def convolution(x: Tensor, conv: nn.Conv1d, activation: str = "none") -> Tensor:
    """A convolution that keeps the length, then an activation; see `convolved`."""
    return convolved(x, conv.weight, conv.bias, conv.dilation[0], activation)


def convolved(
    x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int = 1, activation: str = "none"
) -> Tensor:
    """Convolves, keeping the length, and applies an activation: (B, N, C) -> (B, N, D).

    Args:
        weight: (D, C, k), k odd, of the type of `x`.
        dilation: frames from one tap to the next.
        activation: "none", "relu", "sigmoid" or "tanh".
    """
    padding = dilation * (weight.shape[-1] // 2)
    return _dense(x, weight[:, :, None], bias, padding, dilation, activation)


def gated(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """A convolution that keeps the length, then a gated linear unit."""
    size = conv.kernel_size[0]
    signal_taps, gate_taps = _packed(conv, lambda: conv.weight.chunk(2), size // 2)
    signal_bias, gate_bias = (None, None) if conv.bias is None else conv.bias.chunk(2)
    signal = _dense(x, signal_taps, signal_bias, size // 2)
    return signal.mul_(_dense(x, gate_taps, gate_bias, size // 2, activation="sigmoid"))


def down(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """A convolution whose stride is its kernel, which divides N: (B, N, C) -> (B, N / k, D)."""
    weight = conv.weight.transpose(1, 2).flatten(1)  # (D, C, k) -> (D, k C)
    return linear(x.reshape(len(x), -1, weight.shape[1]), weight, conv.bias)


def up(x: Tensor, conv: nn.ConvTranspose1d, add: Tensor | None = None) -> Tensor:
    """A transposed convolution whose stride is its kernel, plus `add`: (B, N, C) -> (B, k N, D)."""
    size = conv.kernel_size[0]
    weight = conv.weight.permute(2, 1, 0).flatten(0, 1)  # (C, D, k) -> (k D, C)
    bias = None if conv.bias is None else conv.bias.repeat(size)
    y = linear(x, weight, bias, add=None if add is None else add.reshape(*x.shape[:2], -1))
    return y.reshape(len(x), size * x.shape[1], -1)


def down_overlapping(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """A convolution whose kernel is two strides, padded by half a stride, which divides N:
    (B, N, C) -> (B, N / s, D)."""
    size, margin = conv.stride[0], conv.padding[0]

    def of_steps() -> list[Tensor]:
        steps = conv.weight.unflatten(-1, (2, size))
        return [steps.permute(0, 3, 1, 2).flatten(1, 2)]  # (D, C, 2, s) -> (D, s C, 2)

    steps = functional.pad(x, (0, 0, margin, margin)).reshape(len(x), -1, size * x.shape[-1])
    (taps,) = _packed(conv, of_steps, 0)
    return _dense(steps, taps, conv.bias, 0)


def up_overlapping(x: Tensor, conv: nn.ConvTranspose1d) -> Tensor:
    """The transposed convolution of `down_overlapping`: (B, N, C) -> (B, s N, D)."""
    size, margin = conv.stride[0], conv.padding[0]

    def of_steps() -> list[Tensor]:
        steps = conv.weight.unflatten(-1, (2, size)).flip(2)
        return [steps.permute(3, 1, 0, 2).flatten(0, 1)]  # (C, D, 2, s) -> (s D, C, 2)

    bias = None if conv.bias is None else conv.bias.repeat(size)
    (taps,) = _packed(conv, of_steps, 1)
    y = _dense(x, taps, bias, 1)
    return y.reshape(len(x), -1, conv.out_channels)[:, margin:-margin]


def channel_norm(x: Tensor, gain: Tensor) -> Tensor:
    """`ChannelNorm` with its `gain` (C, 1)."""
    return functional.rms_norm(x, x.shape[-1:], gain[:, 0], 1e-6)


def convnext(
    x: Tensor,
    mix: nn.Conv1d,
    gain: Tensor,
    wide: tuple[Tensor, Tensor],
    narrow: tuple[Tensor, Tensor],
    scale: Tensor,
) -> Tensor:
    """A ConvNeXt block; its scale is folded into the last layer.

    Args:
        mix: the depthwise convolution.
        gain: (C,) of the norm.
        wide, narrow: weight and bias of the pointwise layers.
        scale: (C,) of what is added.
    """
    y = functional.rms_norm(depthwise(x, mix), x.shape[-1:], gain, 1e-6)
    y = linear(y, *wide, gelu=True)
    weight, bias = narrow
    return linear(y, scale[:, None] * weight, scale * bias, add=x)


def snake_(x: Tensor, snake: Snake) -> Tensor:
    """`models.layers.Snake`, in parts that stay in the cache; may change `x`."""
    alpha = snake.alpha[:, 0]
    double, gain = 2 * alpha, 1 / (2 * alpha + 1e-9)
    for part in x.split(max(1, SNAKE_AT_ONCE // x.shape[-1]), dim=1):
        wave = torch.cos_(part * double)
        part.addcmul_(wave.neg_().add_(1), gain)
    return x


def convnexts(x: Tensor, blocks: nn.Sequential) -> Tensor:
    """A chain of `models.layers.ConvNextBlock`."""
    for block in blocks:
        wide, narrow = ((conv.weight[:, :, 0], conv.bias) for conv in (block.wide, block.narrow))
        x = convnext(x, block.mix, block.norm.gain[:, 0], wide, narrow, block.scale[:, 0])
    return x


def _dense(
    x: Tensor,
    taps: Tensor,
    bias: Tensor | None,
    padding: int,
    dilation: int = 1,
    activation: str = "none",
) -> Tensor:
    """A convolution of stride 1, then an activation: see `convolved`.

    Args:
        taps: (D, C, 1, k), or what `_packed` made of it.
    """
    image, paddings, dilations = _image(x), [0, padding], [1, dilation]
    if _has_onednn(x.dtype):
        operator = torch.ops.mkldnn._convolution_pointwise
        y = operator(image, taps, bias, paddings, [1, 1], dilations, 1, activation, [], "none")
    else:
        y = functional.conv2d(image, taps, bias, 1, paddings, dilations)
        y = y if activation == "none" else getattr(torch, activation)(y)
    return y[:, :, 0].transpose(1, 2)


_kept: WeakKeyDictionary[nn.Module, tuple[tuple[int, torch.dtype], list[Tensor]]] = (
    WeakKeyDictionary()
)


def _packed(
    conv: nn.Module, make: Callable[[], Sequence[Tensor]], padding: int
) -> Sequence[Tensor]:
    """A layer's weights for `_dense`; those that are never learned are arranged once for oneDNN.

    Otherwise every call would arrange them: a third of the time of a large net.

    Args:
        make: gives weights (D, C, k) of the layer's own.
        padding: of the convolution.
    """
    weight = conv.weight
    if (
        weight.requires_grad
        or not isinstance(weight, nn.Parameter)
        or not _has_onednn(weight.dtype)
    ):
        return [taps[:, :, None] for taps in make()]
    state = weight.data_ptr(), weight.dtype
    if _kept.get(conv, (None, None))[0] != state:
        _kept[conv] = state, [_arranged(taps[:, :, None], padding) for taps in make()]
    return _kept[conv][1]


def _arranged(taps: Tensor, padding: int) -> Tensor:
    """Weights (D, C, 1, k) as oneDNN wants them for USUAL_ROWS rows; any number will do."""
    size, one = [1, taps.shape[1], 1, USUAL_ROWS], [1, 1]
    arrange = torch.ops.mkldnn._reorder_convolution_weight
    return arrange(taps, [0, padding], one, one, 1, size)


def _image(x: Tensor) -> Tensor:
    """(B, N, C) -> (B, C, 1, N), channels last; a view of contiguous rows."""
    return x.contiguous().view(len(x), 1, *x.shape[1:]).permute(0, 3, 1, 2)


@functools.cache
def _has_onednn(dtype: torch.dtype) -> bool:
    """Whether oneDNN's products are there, for this type."""
    if not torch.backends.mkldnn.is_available():
        return False
    return dtype == torch.float32 or (
        dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
