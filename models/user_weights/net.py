"""A net of any kind from a user's weights file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models import registry
from models.config import make
from models.user_weights.files import open_weights, read_all
from models.user_weights.torch_zip import StoredTensor

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "ema", "weights")
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")
COUNTER = ".num_batches_tracked"  # of a batch norm, a whole number that inference does not need
MOST_WEIGHTS = 1 << 26  # a quarter of a GiB as float32


def read_net(path: Path, model: str, size: str = "") -> nn.Module:
    """The net whose weights a file holds.

    Args:
        path: a .safetensors, .pt or .pth file with names to tensors, or these under one of
            `WRAPPERS` with a "config" beside them, which then overrides `size`.
        model: a key of `models.registry.NETS`.
        size: a named size of such nets, for a file without a config; "" is the default config.

    Raises:
        ValueError: no weights that can be read safely, a config that no such net has, weights of
            another net, or numbers that are not finite.
    """
    content = open_weights(path)
    state, carried = _state(content), content.get("config")
    net_class, config_class = registry.classes(model)
    config = _config(config_class, size) if carried is None else make(config_class, carried)
    wanted = registry.outline(net_class, config)
    given = {name: stored.shape for name, stored in state.items()}
    if wanted != given:
        why = "its config" if carried is not None else f"size {size!r}" if size else "usual size"
        raise ValueError(_difference(wanted, given, f"{model} of {why}"))
    n_weights = sum(math.prod(shape) for shape in wanted.values())
    if n_weights > MOST_WEIGHTS:
        raise ValueError(f"weights: got {n_weights} of them, expected at most {MOST_WEIGHTS}")
    counters = {name for name in state if name.endswith(COUNTER)}
    weights = read_all({name: state[name] for name in state.keys() - counters})
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise ValueError("weights: some are not finite numbers; export them again")
    net = net_class(config)
    net.load_state_dict({**net.state_dict(), **weights})
    return net


def _config(config_class: type[Any], size: str) -> Any:
    """The config of a named size; nets without sizes have their default one only."""
    named = getattr(config_class, "named", None)
    return named(size) if size and named else config_class()


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
    return f"weights: they do not fit the {why}: {'; '.join(parts)}"
