"""Blocks that nets share: batch norm folds into the convolution before it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.layers import fold_batch_norm


def _settled(block: nn.Sequential) -> nn.Sequential:
    """A block whose norms have running statistics and gains of their own."""
    for module in block.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.1, 3)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return block.eval()


BLOCKS = {
    "one": (nn.Conv1d(3, 8, 5, 2, 2), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 3, 3)),
    "transposed": (nn.ConvTranspose1d(3, 8, 16, 2, 7), nn.BatchNorm1d(8), nn.ReLU()),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_folded_block_is_the_same_function(name: str) -> None:
    torch.manual_seed(0)
    block, x = _settled(nn.Sequential(*BLOCKS[name])), torch.randn(2, 3, 64)
    with torch.inference_mode():
        expected = block(x)
        folded = fold_batch_norm(block)
        assert (folded(x) - expected).abs().max() < 1e-5 * expected.abs().max()
    assert not any(isinstance(module, nn.BatchNorm1d) for module in folded.modules())


def test_pictures_fold_too() -> None:
    torch.manual_seed(0)
    layers = (
        *(nn.Conv2d(2, 4, 5, 2, 2), nn.BatchNorm2d(4), nn.LeakyReLU(0.2)),
        *(nn.ConvTranspose2d(4, 2, 5, 2, 2), nn.BatchNorm2d(2)),
    )
    block, x = _settled(nn.Sequential(*layers)), torch.randn(1, 2, 16, 16)
    with torch.inference_mode():
        expected = block(x)
        assert (fold_batch_norm(block)(x) - expected).abs().max() < 1e-5 * expected.abs().max()
