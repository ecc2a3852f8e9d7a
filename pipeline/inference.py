"""A checkpoint ready to run: on which device, in which precision, loaded once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.net import Net

DEVICES = ("auto", "cpu", "cuda", "mps")
KEPT_NETS = 2
CHANNELS_AT_ONCE = 2  # of a net's batch: more costs memory and gains nothing
LONG_ENOUGH_S = 5.0  # for a run to say how fast the next one will be
_loading = threading.Lock()
_measured_speed: dict[tuple[str, ...], float] = {}


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


def load(
    checkpoint: str,
    device: str,
    precision: str = "float32",
    *,
    models: tuple[str, ...] = (),
    own: str = "",
) -> Net:
    """The net of a checkpoint, for inference; the last few stay in memory.

    A checkpoint that was trained further under its old name is loaded anew.

    Args:
        models: keys of `models.registry.NETS` that will do; any when empty.
        own: a visitor's own folder of checkpoints, which is looked in last.

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
    with _loading:  # two visitors at once load it once
        return _load(str(card.folder), card.sha256, device, precision)


@lru_cache(maxsize=KEPT_NETS)
def _load(folder: str, sha256: str, device: str, precision: str) -> Net:
    from models import checkpoint, malloc

    malloc.keep_tensors_mapped()
    return checkpoint.load(Path(folder), precision).to(device)


@contextmanager
def measured(key: tuple[str, ...], seconds: float) -> Iterator[None]:
    """Remembers under `key` how fast the work inside, so many seconds of one channel, is done."""
    started = time.monotonic()
    yield
    taken = time.monotonic() - started
    if seconds >= LONG_ENOUGH_S and taken > 0:
        _measured_speed[key] = seconds / taken


def speed(key: tuple[str, ...], otherwise: float) -> float:
    """Seconds of one channel that are done in a second, by the last run under `key`."""
    return _measured_speed.get(key, otherwise)


def is_on_cpu(net: Net) -> bool:
    """Whether the net runs on the CPU."""
    return next(net.parameters()).device.type == "cpu"


def apply(net: Net, x: np.ndarray) -> np.ndarray:
    """A net on each channel, or on all together: (C, T) float32 -> (C, T) float32."""
    import torch

    device = next(net.parameters()).device
    made = np.empty_like(x)
    with torch.inference_mode():
        if net.multichannel:
            return net(torch.from_numpy(x)[None].to(device))[0].float().cpu().numpy()
        for first in range(0, len(x), CHANNELS_AT_ONCE):
            some = slice(first, first + CHANNELS_AT_ONCE)
            batch = torch.from_numpy(x[some])[:, None].to(device)  # (C, T) -> (B = C, 1, T)
            made[some] = net(batch)[:, 0].float().cpu().numpy()
    return made


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()
