"""Nets by name; one is built only after its size has been checked."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from models.config import Config, make, short

if TYPE_CHECKING:
    from torch import nn

NETS: dict[str, tuple[str, str, str]] = {  # name: (module, class, config class)
    "enhancer": ("models.enhancer", "Enhancer", "EnhancerConfig"),
    "spectral_enhancer": (
        "models.spectral_enhancer",
        "SpectralEnhancer",
        "SpectralEnhancerConfig",
    ),
    "tcn_masker": ("models.denoisers.tcn_masker", "TcnMasker", "TcnMaskerConfig"),
    "mask_unet": ("models.denoisers.mask_unet", "MaskUnet", "MaskUnetConfig"),
    "wavenet": ("models.denoisers.wavenet", "WaveNet", "WaveNetConfig"),
    "residual_unet": ("models.residual_unet", "ResidualUnet", "ResidualUnetConfig"),
    "plain_unet": ("models.plain_unet", "PlainUnet", "PlainUnetConfig"),
    "content_classifier": (
        "models.content_classifier",
        "ContentClassifier",
        "ContentClassifierConfig",
    ),
    "neural_codec": ("models.neural_codec", "NeuralCodecNet", "NeuralCodecConfig"),
    "wave_unet": ("models.separation.wave_unet", "WaveUnet", "WaveUnetConfig"),
    "spectrogram_unet": (
        "models.separation.spectrogram_unet",
        "SpectrogramUnet",
        "SpectrogramUnetConfig",
    ),
}

MOST_WEIGHTS = 1 << 28  # of a net: a GiB of float32
MOST_REACH = 1 << 20  # samples: the stride and receptive field, which a window must hold


def build(model: str, config: dict[str, Any]) -> nn.Module:
    """A net with fresh weights.

    Raises:
        ValueError: an unknown model, a config that the model does not take, or a net that is too
            large, which is found out before anything is allocated.
    """
    make_net, config_class = classes(model)
    settings = make(config_class, config)
    outline(make_net, settings)
    return make_net(settings)


def classes(model: str) -> tuple[type[nn.Module], type[Any]]:
    """The class of a net, and of its config; raises `ValueError` for an unknown model."""
    if model not in NETS:
        raise ValueError(f"model: got {short(model)}, expected one of {', '.join(NETS)}")
    module, net_class, config_class = NETS[model]
    library = importlib.import_module(module)
    return getattr(library, net_class), getattr(library, config_class)


def outline(make_net: Callable[[Config], nn.Module], config: Config) -> dict[str, tuple[int, ...]]:
    """The shapes of a net's weights by name; allocates nothing.

    Raises:
        ValueError: the net would have too many weights, or would reach too far in time.
    """
    import torch

    with torch.device("meta"):
        net = make_net(config)
    shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    n_weights = sum(math.prod(shape) for shape in shapes.values())
    if n_weights > MOST_WEIGHTS:
        raise ValueError(f"config: got {n_weights} weights, expected at most {MOST_WEIGHTS}")
    reach = int(net.stride) + int(net.receptive_field)
    if reach > MOST_REACH:
        raise ValueError(f"config: got a reach of {reach} samples, expected at most {MOST_REACH}")
    return shapes


def name_of(net: nn.Module) -> str:
    """The key of `NETS` under which a net's class stands."""
    return next(key for key, (_, name, _) in NETS.items() if name == type(net).__name__)
