"""Nets by name."""

from __future__ import annotations

import importlib
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


def build(model: str, config: dict[str, Any]) -> nn.Module:
    """A net with fresh weights.

    Raises:
        ValueError: an unknown model, or a config that the model does not take.
    """
    if model not in NETS:
        raise ValueError(f"model: got {model!r}, expected one of {', '.join(NETS)}")
    module, net, config_class = NETS[model]
    library = importlib.import_module(module)
    try:
        settings = getattr(library, config_class)(**config)
    except TypeError as error:
        raise ValueError(f"config of {model}: {error}") from None
    return getattr(library, net)(settings)


def name_of(net: nn.Module) -> str:
    """The key of `NETS` under which a net's class stands."""
    return next(key for key, (_, name, _) in NETS.items() if name == type(net).__name__)
