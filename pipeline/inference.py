"""Runs nets: picks the device, loads each checkpoint once, measures the speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.net import Net

if TYPE_CHECKING:
    from torch import Tensor

DEVICES = ("auto", "cpu", "cuda", "mps")
KEPT_NETS = 2
CHANNELS_AT_ONCE = 2  # in a batch on a GPU; on a CPU more than one take memory, no less time
LONG_ENOUGH_S = 5.0  # shortest run whose speed is remembered
_loading = threading.Lock()
_measured_speed: dict[tuple[str, ...], float] = {}


def check_device(name: str) -> None:
    """Raises `ValueError` for a name that is not in `DEVICES`; whether it is here shows later."""
    if name not in DEVICES:
        raise ValueError(f"device: got {name!r}, expected one of {', '.join(DEVICES)}")


def pick_device(name: str = "auto") -> str:
    """The torch device of a name; "auto" is CUDA if there is one, else Apple's GPU, else the CPU.

    Raises:
        ValueError: no such device on this machine.
    """
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": _has_mps(), "cpu": True}
    devices = [device for device, is_available in available.items() if is_available]
    if name == "auto":
        return devices[0]
    if name not in devices:
        usable = ", ".join(["auto", *devices])
        raise ValueError(
            f"device: got {name!r}, which this machine lacks; expected one of {usable}"
        )
    return name


def load(
    checkpoint: str,
    device: str,
    precision: str = "float32",
    *,
    models: tuple[str, ...] = (),
    own: str = "",
) -> Net:
    """The net of a checkpoint, for inference; the last few stay in memory.

    A checkpoint whose weights have changed is loaded again.

    Args:
        models: keys of `models.registry.NETS` that are accepted; any if empty.
        own: folder with a visitor's own checkpoints, searched last.

    Raises:
        ValueError: there is no such checkpoint, it is damaged, or it holds another kind of net.
    """
    from models.checkpoint import find, search_path

    card = find(checkpoint, search_path(own))
    if models and card.model not in models:
        raise ValueError(
            f"checkpoint: got {checkpoint!r}, a net of kind {card.model}, "
            f"expected one of kind {' or '.join(models)}"
        )
    with _loading:  # two visitors at the same time load it once
        return _load(str(card.folder), card.sha256, device, precision)


@lru_cache(maxsize=KEPT_NETS)
def _load(folder: str, sha256: str, device: str, precision: str) -> Net:
    from models import checkpoint, malloc

    net = checkpoint.load(Path(folder), precision).to(device)
    malloc.keep_tensors_mapped()  # later: what loading needed goes back to the system
    return net


@contextmanager
def measured(key: tuple[str, ...], seconds: float) -> Iterator[None]:
    """Measures how fast the block processes `seconds` of one channel, and remembers it by `key`."""
    started = time.monotonic()
    yield
    elapsed_s = time.monotonic() - started
    if seconds >= LONG_ENOUGH_S and elapsed_s > 0:
        _measured_speed[key] = seconds / elapsed_s


def speed(key: tuple[str, ...], otherwise: float) -> float:
    """Seconds of one channel processed in a second in the last run of `key`, else `otherwise`."""
    return _measured_speed.get(key, otherwise)


def is_on_cpu(net: Net) -> bool:
    """Whether the net runs on the CPU."""
    return next(net.parameters()).device.type == "cpu"


def apply(net: Net, x: np.ndarray) -> np.ndarray:
    """Runs a net on each channel, or on all together: (C, T) float32 -> (C, T) float32."""
    import torch

    device = next(net.parameters()).device
    out = np.empty_like(x)
    with torch.inference_mode():
        if net.multichannel:
            return net(torch.from_numpy(x)[None].to(device))[0].float().cpu().numpy()
        at_once = 1 if device.type == "cpu" else CHANNELS_AT_ONCE
        for first in range(0, len(x), at_once):
            some = slice(first, first + at_once)
            batch = torch.from_numpy(x[some])[:, None].to(device)  # (C, T) -> (B = C, 1, T)
            out[some] = net(batch)[:, 0].float().cpu().numpy()
    return out


def separated(net: Net, x: np.ndarray) -> np.ndarray:
    """Runs a net that gives several sources: (C, T) float32 -> (S, C, T) float32."""
    import torch

    batch = torch.from_numpy(x).to(next(net.parameters()).device)
    with torch.inference_mode():
        if net.multichannel:
            return net(batch[None])[0].float().cpu().numpy()
        sources = net(batch[:, None])[:, :, 0]  # (C, T) -> (B = C, S, T)
        return sources.transpose(0, 1).float().cpu().numpy()


def mean_scores(net: Callable[[Tensor], Tensor], spectra: list[np.ndarray]) -> np.ndarray:
    """(classes,) mean of a classifier's scores over spectra (bands, frames) of any length."""
    import torch

    with torch.inference_mode():
        scores = [net(torch.from_numpy(spectrum)[None])[0] for spectrum in spectra]
        return torch.stack(scores).mean(0).numpy()


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()
