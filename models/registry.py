"""Nets by name, and checkpoints: a folder with weights.safetensors and card.json, nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

NETS: dict[str, tuple[str, str, str]] = {  # name: (module, class, config class)
    "enhancer": ("models.enhancer", "Enhancer", "EnhancerConfig"),
    "spectral_enhancer": (
        "models.spectral_enhancer",
        "SpectralEnhancer",
        "SpectralEnhancerConfig",
    ),
    "mask_unet": ("models.mask_unet", "MaskUnet", "MaskUnetConfig"),
    "wavenet": ("models.wavenet", "WaveNet", "WaveNetConfig"),
    "neural_codec": ("models.neural_codec", "NeuralCodecNet", "NeuralCodecConfig"),
}

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
LARGEST_WEIGHTS = 1 << 30  # bytes of a file that a user brings
WEIGHTS, CARD = "weights.safetensors", "card.json"
PRECISIONS = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True)
class Card:
    """What a checkpoint says of itself.

    Args:
        name: of its folder.
        model: key of `NETS`.
        config: the fields of the net's config dataclass.
        title, summary: one line each, for people.
        step: optimiser steps taken.
        metrics: validation table, free form.
        data: one entry a source: name, licence, hours.
        licence: of the weights.
        recipe: how it was trained.
        sha256: of weights.safetensors, hexadecimal.
        folder: where it lies; not part of card.json.
    """

    name: str
    model: str
    config: dict[str, Any]
    title: str = ""
    summary: str = ""
    step: int = 0
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)
    data: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    licence: str = ""
    recipe: dict[str, Any] = dataclasses.field(default_factory=dict)
    sha256: str = ""
    folder: Path = SHIPPED


def build(model: str, config: dict[str, Any]) -> nn.Module:
    """A net with fresh weights.

    Raises:
        ValueError: unknown model, or a config that it does not take.
    """
    if model not in NETS:
        raise ValueError(f"model: got {model!r}, expected one of {', '.join(NETS)}")
    module, net, config_class = (NETS[model][0], NETS[model][1], NETS[model][2])
    library = importlib.import_module(module)
    try:
        settings = getattr(library, config_class)(**config)
    except TypeError as error:
        raise ValueError(f"config of {model}: {error}") from None
    return getattr(library, net)(settings)


def available() -> list[Card]:
    """Cards of all checkpoints: the shipped ones and those under `user_root`, by name."""
    found = {
        file.parent.name: read_card(file.parent)
        for root in reversed(_roots())
        for file in root.glob(f"*/{CARD}")
    }
    return [found[name] for name in sorted(found)]


def card(name: str) -> Card:
    """The card of a checkpoint by name.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    for found in available():
        if found.name == name:
            return found
    names = ", ".join(found.name for found in available()) or "none"
    raise ValueError(f"checkpoint: got {name!r}, expected one of: {names}")


def load(name: str | Path, device: str = "cpu", precision: str = "float32") -> nn.Module:
    """A checkpoint's net in the form in which it runs: see `inference_form`.

    Args:
        name: of a checkpoint, or a checkpoint's folder as a `Path`.
        device: as torch names it.
        precision: of weights and activations, "float32" or "bfloat16".

    Raises:
        ValueError: no such checkpoint, or its weights are not those of its card.
    """
    found = read_card(name) if isinstance(name, Path) else card(name)
    net = build(found.model, found.config)
    net.load_state_dict(_weights(found))
    return inference_form(net, precision).to(device)


def inference_form(net: nn.Module, precision: str = "float32") -> nn.Module:
    """The same function, fast: no gradients, weight norm folded, the best layout there is.

    Args:
        net: in its training form, which may be used up.
        precision: "float32" (equal to 1e-5) or "bfloat16" (equal to about 45 dB).

    Raises:
        ValueError: another precision.
    """
    import torch

    from models.enhancer import Enhancer
    from models.layers import fold_weight_norm
    from models.polyphase import PolyphaseEnhancer

    if precision not in PRECISIONS:
        raise ValueError(f"precision: got {precision!r}, expected one of {', '.join(PRECISIONS)}")
    net = fold_weight_norm(net).eval().requires_grad_(False)
    if isinstance(net, Enhancer) and not net.config.lstm:
        net = PolyphaseEnhancer(net)
    for parameter in net.parameters():  # and no buffer: windows keep their precision
        parameter.data = parameter.data.to(getattr(torch, precision))
    return net


def load_for_training(folder: Path) -> nn.Module:
    """A checkpoint's net as it is trained: weight norm in place, gradients on."""
    found = read_card(folder)
    net = build(found.model, found.config)
    net.load_state_dict(_weights(found))
    return net


def save_checkpoint(net: nn.Module, folder: Path, *, half: bool = False, **details: Any) -> Card:
    """Writes weights and card, each to a temporary name first.

    Args:
        net: in its training form; its `config` goes into the card.
        folder: made if missing; its name becomes the checkpoint's.
        half: store float16, half the size; loaded as float32.
        details: further fields of `Card` (title, step, metrics, ...).
    """
    from safetensors.torch import save

    state = {
        key: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for key, value in net.state_dict().items()
    }
    weights = save(state)
    folder.mkdir(parents=True, exist_ok=True)
    model = next(key for key, entry in NETS.items() if entry[1] == type(net).__name__)
    made = Card(
        name=folder.name,
        model=model,
        config=dataclasses.asdict(net.config),
        sha256=hashlib.sha256(weights).hexdigest(),
        folder=folder,
        **details,
    )
    fields = {key: value for key, value in dataclasses.asdict(made).items() if key != "folder"}
    _replace(folder / WEIGHTS, weights)
    _replace(folder / CARD, (json.dumps(fields, indent=1) + "\n").encode())
    return made


def read_weights(path: Path) -> dict[str, Any]:
    """What a user's .safetensors, .pt or .pth file holds; never runs code from it.

    Returns:
        names to tensors, or whatever plain values the file wraps them in; a "config" in the
        metadata of a .safetensors file is put beside them.

    Raises:
        ValueError: another kind of file, too large, damaged, or more than plain weights.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    suffix = path.suffix.lower()
    if suffix not in (".safetensors", ".pt", ".pth"):
        raise ValueError(f"{path.name}: expected a .safetensors, .pt or .pth file")
    if path.stat().st_size > LARGEST_WEIGHTS:
        raise ValueError(f"{path.name}: larger than {LARGEST_WEIGHTS >> 20} MiB")
    try:
        if suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                config = (file.metadata() or {}).get("config")
            return {"model": found, "config": json.loads(config)} if config else found
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise ValueError(
            f"{path.name}: not a file of plain weights, which alone are read (no code is); save "
            f"the state dict alone, best as .safetensors"
        ) from error
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}: got {type(found).__name__}, expected names to tensors")
    return found


def read_card(folder: Path) -> Card:
    """The card in a checkpoint's folder.

    Raises:
        ValueError: missing or not a card.
    """
    path = folder / CARD
    try:
        return Card(**{**json.loads(path.read_text()), "name": folder.name, "folder": folder})
    except (OSError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: expected a checkpoint's card, got {error}") from None


def user_root() -> Path:
    """Where a user's own checkpoints live: $WAVEMEND_CHECKPOINTS, else checkpoints/ among the runs
    ($WAVEMEND_RUNS, else runs/ beside the shipped ones)."""
    runs = Path(os.environ.get("WAVEMEND_RUNS") or SHIPPED.parent / "runs")
    return Path(os.environ.get("WAVEMEND_CHECKPOINTS") or runs / "checkpoints")


def _roots() -> list[Path]:
    return [user_root(), SHIPPED]


def _weights(found: Card) -> dict[str, Any]:
    from safetensors.torch import load as parse

    data = (found.folder / WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != found.sha256:
        raise ValueError(
            f"{found.folder / WEIGHTS}: its SHA-256 is not the card's; download or copy it again"
        )
    return {
        key: value.float() if value.is_floating_point() else value
        for key, value in parse(data).items()
    }


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
