"""The contract of nets, and the form in which they are run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor, nn

    AnyModule = TypeVar("AnyModule", bound=nn.Module)

PRECISIONS = ("float32", "bfloat16")


class Net(Protocol):
    """A net that restores sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    One that separates gives (B, S, 1, T) for S sources, in a fixed order, the voice last.

    Attributes:
        config: a frozen dataclass with `sample_rate` in Hz.
        stride: in samples; shifting the input by a multiple of it shifts the output alike.
        receptive_field: samples on either side that an output sample depends on.
        multichannel: whether the net takes the channels of a sound together: (B, C, T).
    """

    config: Any
    stride: int
    receptive_field: int
    multichannel: bool

    def __call__(self, x: Tensor) -> Tensor: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


def inference_form(net: AnyModule, precision: str = "float32") -> AnyModule:
    """The same function without gradients; `net` is changed in place.

    Weight norm and batch norm are folded into the convolutions.

    Args:
        net: in its training form.
        precision: of weights and activations: "float32" (equal to 1e-5) or "bfloat16" (equal to
            about 45 dB).

    Raises:
        ValueError: another precision.
    """
    import torch

    from models.layers import fold_batch_norm, fold_weight_norm

    if precision not in PRECISIONS:
        raise ValueError(f"precision: got {precision!r}, expected one of {', '.join(PRECISIONS)}")
    fold_batch_norm(fold_weight_norm(net).eval()).requires_grad_(False)
    for parameter in net.parameters():  # buffers such as windows keep their precision
        parameter.data = parameter.data.to(getattr(torch, precision))
    return net
