"""A small net that tells speech, music, singing and other sound apart by a log-mel spectrum.

(B, bands, frames) - convolutions along time - mean and deviation over time - (B, classes)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.card import CLASSES
from models.config import RATES_HZ, check, ranged


@dataclass(frozen=True)
class ContentClassifierConfig:
    """All that defines a `ContentClassifier`.

    Args:
        bands: of the spectrum.
        channels: of each convolution.
        dilations: in frames, of each convolution after the first.
        kernel: frames that a convolution sees at once.
        sample_rate: in Hz, of the sound whose spectrum it is.
    """

    bands: int = ranged(64, 1, 256)
    channels: int = ranged(64, 1, 512)
    dilations: tuple[int, ...] = ranged((2, 4, 8), 1, 64, count=(0, 8))
    kernel: int = ranged(5, 1, 31, odd=True)
    sample_rate: int = ranged(16_000, *RATES_HZ)

    def __post_init__(self) -> None:
        check(self)


class ContentClassifier(nn.Module):
    """Scores of `CLASSES`: (B, bands, N) -> (B, classes) for any N >= 1; softmax gives chances."""

    multichannel = False

    def __init__(self, config: ContentClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.stride = 1
        self.receptive_field = (1 + sum(config.dilations)) * (config.kernel // 2)
        layers: list[nn.Module] = []
        width = config.bands
        for dilation in (1, *config.dilations):
            padding = dilation * (config.kernel // 2)
            layers += [
                nn.Conv1d(width, config.channels, config.kernel, 1, padding, dilation),
                nn.ReLU(),
            ]
            width = config.channels
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, len(CLASSES))
        )

    def forward(self, x: Tensor) -> Tensor:
        features = self.convolutions(x)
        mean = features.mean(-1)
        deviation = torch.sqrt((features - mean[..., None]).square().mean(-1) + 1e-4)
        return self.head(torch.cat((mean, deviation), -1))
