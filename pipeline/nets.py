"""A checkpoint ready to run: on which device, in which precision, loaded once."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

DEVICES = ("auto", "cpu", "cuda", "mps")
KEPT_NETS = 2
CHANNELS_AT_ONCE = 2  # of a net's batch: more costs memory and gains nothing
_loading = threading.Lock()


class Net(Protocol):
    """A mono net: (B, 1, T) tensor -> the same shape, any T.

    Attributes:
        config: with `sample_rate` in Hz.
        stride: the net commutes with shifts by multiples of so many samples.
        receptive_field: samples on either side that an output sample depends on.
    """

    config: Any
    stride: int
    receptive_field: int

    def __call__(self, x: Any) -> Any: ...

    def parameters(self) -> Any: ...


def pick_device(name: str = "auto") -> str:
    """The torch device meant: for "auto" the first of CUDA, Apple's GPU and the CPU that is there.

    Raises:
        ValueError: this machine has no such device.
    """
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps()}
    if name == "auto":
        return "cuda" if there["cuda"] else "mps" if there["mps"] else "cpu"
    if not there.get(name):
        found = ", ".join(device for device, is_there in there.items() if is_there)
        raise ValueError(f"device: got {name!r}, expected one of this machine's: {found}")
    return name


def load(checkpoint: str, device: str, precision: str = "float32") -> Net:
    """The net of a checkpoint, for inference; the last few stay in memory.

    A checkpoint that was trained further under its old name is loaded anew.

    Raises:
        ValueError: there is no such checkpoint, or it is damaged.
    """
    from models import registry

    with _loading:  # two visitors at once load it once
        return _load(checkpoint, registry.card(checkpoint).sha256, device, precision)


@lru_cache(maxsize=KEPT_NETS)
def _load(checkpoint: str, sha256: str, device: str, precision: str) -> Net:
    from models import memory, registry

    memory.keep_tensors_mapped()
    return registry.load(checkpoint, device, precision)


def is_on_cpu(net: Net) -> bool:
    """Whether the net runs on the CPU."""
    return next(net.parameters()).device.type == "cpu"


def apply(net: Net, x: np.ndarray) -> np.ndarray:
    """A mono net on each channel: (C, T) float32 -> (C, T) float32."""
    import torch

    device = next(net.parameters()).device
    made = np.empty_like(x)
    with torch.inference_mode():
        for first in range(0, len(x), CHANNELS_AT_ONCE):
            some = slice(first, first + CHANNELS_AT_ONCE)
            batch = torch.from_numpy(x[some])[:, None].to(device)  # (C, T) -> (B = C, 1, T)
            made[some] = net(batch)[:, 0].float().cpu().numpy()
    return made


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()
