"""Weights that a user brings: which net they fit, and that net."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from models.wavenet import SIZES, WaveNet, WaveNetConfig

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "ema", "weights")
LARGEST, MOST_LAYERS = 1 << 18, 200  # of what a config asks for
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


def wavenet(content: Mapping[str, Any], size: str) -> WaveNet:
    """The WaveNet that a file's content is the weights of.

    Args:
        content: names to tensors, or those under one of `WRAPPERS` with a "config" beside them,
            which then overrides `size`.
        size: one of `models.wavenet.SIZES`, for a file without a config.

    Raises:
        ValueError: no weights, a config that no WaveNet has, weights of another net, or numbers
            that are not finite.
    """
    carried, state = _config(content), _state(content)
    config = carried or WaveNetConfig.named(size)
    with torch.device("meta"):  # takes no memory, whatever the config asks for
        wanted = {name: tuple(value.shape) for name, value in WaveNet(config).state_dict().items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    if wanted != given:
        raise ValueError(_difference(wanted, given, "its config" if carried else f"size {size!r}"))
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        raise ValueError("weights: some are not finite numbers; export them again")
    net = WaveNet(config)
    net.load_state_dict({name: value.float() for name, value in state.items()})
    return net


def _config(content: Mapping[str, Any]) -> WaveNetConfig | None:
    given = content.get("config")
    if given is None:
        return None
    known = {field.name for field in dataclasses.fields(WaveNetConfig)}
    settings = dict(given) if isinstance(given, Mapping) else {}
    whole = all(isinstance(value, int) and value <= LARGEST for value in settings.values())
    if not settings or not whole or not set(settings) <= known:
        raise ValueError(
            f"config: got {given!r}, expected whole numbers for some of {', '.join(sorted(known))}"
        )
    config = WaveNetConfig(**settings)
    if config.stacks * config.layers > MOST_LAYERS:
        raise ValueError(f"config: got {given!r}, expected at most {MOST_LAYERS} layers")
    return config


def _state(content: Mapping[str, Any]) -> dict[str, Tensor]:
    for name in WRAPPERS:
        if isinstance(content.get(name), Mapping):
            content = content[name]
            break
    state = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise ValueError("weights: found no tensors, expected names to tensors (a state dict)")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _difference(wanted: dict[str, Any], given: dict[str, Any], why: str) -> str:
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    other = sorted(name for name in set(wanted) & set(given) if wanted[name] != given[name])
    parts = [
        f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for names, what in (
            (missing, "missing"),
            (unknown, "unknown"),
            (other, "of another shape"),
        )
        if names
    ]
    sizes = ", ".join(SIZES)
    return f"weights: they do not fit the WaveNet of {why}: {'; '.join(parts)}. Sizes: {sizes}"
