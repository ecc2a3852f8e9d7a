"""A WaveNet from a user's weights file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from models import registry
from models.config import make
from models.denoisers.wavenet import SIZES, WaveNet, WaveNetConfig
from models.user_weights.files import open_weights, read_all
from models.user_weights.torch_zip import StoredTensor

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "ema", "weights")
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")
MOST_WEIGHTS = 1 << 25  # three times those of the largest named size


def read_wavenet(path: Path, size: str) -> WaveNet:
    """The WaveNet whose weights a file holds.

    Args:
        path: a .safetensors, .pt or .pth file with names to tensors, or these under one of
            `WRAPPERS` with a "config" beside them, which then overrides `size`.
        size: one of `models.denoisers.wavenet.SIZES`, for a file without a config.

    Raises:
        ValueError: no weights that can be read safely, a config that no WaveNet has, weights of
            another net, or numbers that are not finite.
    """
    content = open_weights(path)
    state, carried = _state(content), content.get("config")
    config = WaveNetConfig.named(size) if carried is None else make(WaveNetConfig, carried)
    wanted = registry.outline(WaveNet, config)
    given = {name: stored.shape for name, stored in state.items()}
    if wanted != given:
        why = f"size {size!r}" if carried is None else "its config"
        raise ValueError(_difference(wanted, given, why))
    n_weights = sum(math.prod(shape) for shape in wanted.values())
    if n_weights > MOST_WEIGHTS:
        raise ValueError(f"weights: got {n_weights} of them, expected at most {MOST_WEIGHTS}")
    weights = read_all(state)
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise ValueError("weights: some are not finite numbers; export them again")
    net = WaveNet(config)
    net.load_state_dict(weights)
    return net


def _state(content: Mapping[Any, Any]) -> dict[str, StoredTensor]:
    wrapped = [content[name] for name in WRAPPERS if isinstance(content.get(name), dict)]
    state = {
        name: value
        for name, value in (*wrapped, content)[0].items()
        if isinstance(name, str) and isinstance(value, StoredTensor)
    }
    if not state:
        raise ValueError("weights: got no tensors, expected names to tensors (a state dict)")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _difference(wanted: dict[str, Any], given: dict[str, Any], why: str) -> str:
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    other = sorted(name for name in set(wanted) & set(given) if wanted[name] != given[name])
    parts = [
        f"{len(names)} {what} ({', '.join(name[:60] for name in names[:3])}"
        f"{', ...' if len(names) > 3 else ''})"
        for names, what in (
            (missing, "missing"),
            (unknown, "unknown"),
            (other, "of another shape"),
        )
        if names
    ]
    sizes = ", ".join(SIZES)
    return f"weights: they do not fit the WaveNet of {why}: {'; '.join(parts)}. Sizes: {sizes}"
