"""Tiny separators with random weights; Demucs nets in the demucs package's own file formats."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.separation.separators import SEPARATORS

SEGMENT = Fraction(1, 4)  # seconds


def tiny_net(seed: int = 0, kind: str = "HTDemucs", names: tuple[str, ...] = ()) -> Any:
    """A real net of the package in its smallest configuration; a tenth of a million weights."""
    import torch
    from demucs.hdemucs import HDemucs
    from demucs.htdemucs import HTDemucs

    cls = {"HTDemucs": HTDemucs, "HDemucs": HDemucs}[kind]
    more = {"t_layers": 1, "t_heads": 2} if kind == "HTDemucs" else {}
    names = names or SEPARATORS["htdemucs"]
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        net = cls(list(names), channels=4, dconv_comp=2, segment=SEGMENT, **more)
        for weights in net.parameters():  # so that no source is like another
            weights.data.add_(0.1 * torch.randn_like(weights))
    return net.eval()


def package(net: Any) -> dict[str, Any]:
    """What the package pickles: `demucs.states.serialize_model` without the training's settings."""
    from demucs.states import get_state

    args, kwargs = net._init_args_kwargs
    state = get_state(net, None, half=True)
    return {"klass": type(net), "args": args, "kwargs": kwargs, "state": state, "training_args": {}}


def tiny_demucs(
    folder: Path, model: str = "htdemucs", nets: int = 1, weights: list[list[float]] | None = None
) -> Path:
    """Writes a bag as the package's own repository has it: MODEL.yaml, SIGNATURE-CHECKSUM.th."""
    import yaml
    from demucs.states import save_with_checksum

    folder.mkdir(parents=True, exist_ok=True)
    signatures = [f"{model.replace('_', '')}{at}" for at in range(nets)]
    bag: dict[str, Any] = {"models": signatures, **({"weights": weights} if weights else {})}
    (folder / f"{model}.yaml").write_text(yaml.safe_dump(bag))
    for at, signature in enumerate(signatures):
        net = tiny_net(at, names=SEPARATORS[model])
        save_with_checksum(package(net), folder / f"{signature}.th")
    return folder


def save_as_the_hub_does(net: Any, path: Path, **changed: str) -> Path:
    """A .safetensors file with the net's class and arguments as JSON in its metadata."""
    from safetensors.torch import save_file

    def plain(value: Any) -> Any:
        part = {"numerator": value.numerator, "denominator": value.denominator}
        return {"_type": "fraction", **part}

    args, kwargs = net._init_args_kwargs
    about = {
        "klass": f"{type(net).__module__}.{type(net).__qualname__}",
        "args": json.dumps(args, default=plain),
        "kwargs": json.dumps(kwargs, default=plain),
    }
    save_file(net.state_dict(), path, {**about, **changed})
    return path


def tiny_wave_unet(folder: Path, **changes: Any) -> Path:
    """A checkpoint of a tiny Wave-U-Net with random weights, whose voice is not silent."""
    import torch

    from models.checkpoint import save_checkpoint
    from models.separation.wave_unet import WaveUnet, WaveUnetConfig

    settings = {"levels": 3, "filters": 4, "channels": 2, "difference": True, **changes}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = WaveUnet(WaveUnetConfig(**settings))
        net.last.weight.data.mul_(20)
    save_checkpoint(net, folder)
    return folder


def tiny_masker(folder: Path, content: str = "mixture") -> Path:
    """A checkpoint of a tiny TCN masker with random weights."""
    import torch

    from models.checkpoint import save_checkpoint
    from models.denoisers.tcn_masker import TcnMasker, TcnMaskerConfig

    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = TcnMasker(TcnMaskerConfig(8, (1, 2), 1))
        net.leave.weight.data.mul_(20)
    save_checkpoint(net, folder, content=content)
    return folder
