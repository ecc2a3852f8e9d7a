"""Accelerated layers compute what they did."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.cpu import transformer


@pytest.mark.parametrize("at_once", [7, 512])
def test_layers_give_the_same(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a transformer's encoder and decoder: self-attention, cross-attention, linear layers."""
    monkeypatch.setattr(transformer, "AT_ONCE", at_once)
    torch.manual_seed(0)
    net = nn.TransformerDecoderLayer(32, 4, 48, batch_first=True).eval()
    x, memory = torch.randn(2, 20, 32), torch.randn(2, 13, 32)
    expected, names = net(x, memory).detach(), list(net.state_dict())
    transformer.accelerate(net)
    with torch.inference_mode():
        actual = net(x, memory)
    assert type(net.linear1) is not nn.Linear and type(net.self_attn) is not nn.MultiheadAttention
    assert torch.allclose(actual, expected, atol=1e-5) and list(net.state_dict()) == names
    assert torch.allclose(net(x, memory), expected, atol=1e-5)  # while learning


def test_masks_and_weights_are_left_to_pytorch() -> None:
    net, x = nn.MultiheadAttention(16, 2, batch_first=True).eval(), torch.randn(1, 9, 16)
    mask = torch.ones(9, 9, dtype=torch.bool).tril().logical_not()
    with torch.inference_mode():
        expected = net(x, x, x), net(x, x, x, attn_mask=mask, need_weights=False)
        transformer.accelerate(net)
        actual = net(x, x, x), net(x, x, x, attn_mask=mask, need_weights=False)
    assert torch.equal(expected[0][1], actual[0][1])
    assert torch.allclose(expected[1][0], actual[1][0], atol=1e-6)


def test_mixed_precision_agrees_to_40_db() -> None:
    torch.manual_seed(0)
    net, x = nn.MultiheadAttention(32, 4, batch_first=True).eval(), torch.randn(2, 20, 32)
    with torch.inference_mode():
        expected, _ = net(x, x, x, need_weights=False)
        transformer.accelerate(net)
        with torch.autocast("cpu", torch.bfloat16):
            actual, _ = net(x, x, x, need_weights=False)
    assert actual.dtype == torch.bfloat16
    assert (actual.float() - expected).square().mean() < 1e-4 * expected.square().mean()
