"""A small neural speech codec of our own: what it does to a voice is damage to learn from.

The net is the transformers library's Descript Audio Codec in a small configuration (Kumar et al.
2023, "High-Fidelity Audio Compression with Improved RVQGAN"); the library is optional.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.layers import Snake

LEVEL = 10.0  # speech comes in at a tenth of what weights are drawn for
MISSING = "the neural codec needs a library that is not installed: pip install transformers"


@dataclass(frozen=True)
class NeuralCodecConfig:
    """All that defines a `NeuralCodecNet`.

    Args:
        ratios: strides of the encoder's blocks, all even; the decoder's are the same, reversed.
        encoder_width: channels at full rate, doubled by each block.
        decoder_width: channels at frame rate, halved by each block.
        codebooks: residual quantisers, one after another.
        codebook_size: entries of each, a power of two.
        codebook_dim: numbers of an entry.
        dropout: share of a batch that learns with fewer codebooks.
        sample_rate: in Hz.
    """

    ratios: tuple[int, ...] = (4, 4, 2, 10)
    encoder_width: int = 8
    decoder_width: int = 128
    codebooks: int = 8
    codebook_size: int = 1024
    codebook_dim: int = 8
    dropout: float = 0.75
    sample_rate: int = 24_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratios", tuple(self.ratios))
        if any(ratio % 2 for ratio in self.ratios):
            raise ValueError(f"ratios: got {self.ratios}, expected even numbers")


class NeuralCodecNet(nn.Module):
    """Codes and decodes mono sound: (B, 1, T) -> (B, 1, T) for any T >= 1.

    Attributes:
        stride: samples of a frame.
        own_loss: of the last pass while training, what the quantisers add to the loss.

    Raises:
        ValueError: transformers is not installed.
    """

    def __init__(self, config: NeuralCodecConfig | None = None) -> None:
        super().__init__()
        try:
            from transformers import DacConfig, DacModel
        except ImportError:
            raise ValueError(MISSING) from None
        c = self.config = config or NeuralCodecConfig()
        self.stride = math.prod(c.ratios)
        self.kbps = math.log2(c.codebook_size) * c.sample_rate / self.stride / 1000
        self.dac = DacModel(
            DacConfig(
                encoder_hidden_size=c.encoder_width,
                downsampling_ratios=list(c.ratios),
                upsampling_ratios=list(reversed(c.ratios)),
                decoder_hidden_size=c.decoder_width,
                n_codebooks=c.codebooks,
                codebook_size=c.codebook_size,
                codebook_dim=c.codebook_dim,
                quantizer_dropout=c.dropout,
                sampling_rate=c.sample_rate,
            )
        )
        _put_snakes(self.dac)
        _draw_weights(self.dac)
        self.dac.apply_weight_norm()
        self.own_loss: Tensor | None = None

    def forward(self, x: Tensor, codebooks: int | None = None) -> Tensor:
        """
        Args:
            x: (B, 1, T).
            codebooks: how many are used, all when None; each is worth `kbps` kbit/s.
        """
        length = x.shape[-1]
        padded = nn.functional.pad(x * LEVEL, (0, -length % self.stride))
        loss, made = self.dac(padded, codebooks, return_dict=False)[:2]
        self.own_loss = loss.mean() if self.training else None
        return made[:, None, :length]


def _draw_weights(dac: nn.Module) -> None:
    """Weights under which a signal keeps its level; with the library's own, it takes days to learn.

    Source: He et al. 2015, "Delving Deep into Rectifiers", eq. 10, at a gain of one.
    """
    for name, module in dac.named_modules():
        if isinstance(module, nn.Conv1d):
            inputs = module.in_channels * module.kernel_size[0]
            nn.init.normal_(module.weight, std=inputs**-0.5 * (0.5 if "res_unit" in name else 1))
        elif isinstance(module, nn.ConvTranspose1d):
            inputs = module.in_channels * module.kernel_size[0] / module.stride[0]
            nn.init.normal_(module.weight, std=inputs**-0.5)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.3)
    with torch.no_grad():
        dac.decoder.conv2.weight.div_(LEVEL)


def _put_snakes(module: nn.Module) -> None:
    """The library's activations replaced by the same function of ours, which is faster."""
    for name, child in module.named_children():
        if type(child).__name__ == "Snake1d":
            setattr(module, name, Snake(child.alpha.shape[1]))
        else:
            _put_snakes(child)
