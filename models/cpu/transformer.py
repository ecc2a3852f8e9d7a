"""Linear layers and attention of any net, through oneDNN's products on a CPU: see `rows`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from models.cpu import rows

AT_ONCE = 512  # queries whose weights lie in memory; they stay in the cache


def accelerate(net: nn.Module) -> None:
    """Lets a net's linear layers and attentions run through oneDNN where nothing is learned.

    The outputs are equal to 1e-5. Parameters and their names stay as they are.
    """
    for module in net.modules():
        if type(module) is nn.Linear:
            module.__class__ = _Linear
        elif type(module) is nn.MultiheadAttention and _is_plain(module):
            module.__class__ = _Attention


def _is_plain(attention: nn.MultiheadAttention) -> bool:
    """Whether queries, keys and values are equally wide, with biases, and the batch comes first."""
    of_one_size = attention.in_proj_weight is not None and attention.in_proj_bias is not None
    extended = attention.bias_k is not None or attention.add_zero_attn
    return of_one_size and attention.batch_first and not extended


class _Linear(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        if rows.applies(self, x):
            return rows.linear(x, self.weight, self.bias)
        return super().forward(x)


class _Attention(nn.MultiheadAttention):
    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        **options: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """(B, N, C), (B, M, C), (B, M, C) -> (B, N, C), and None for the weights."""
        masked = key_padding_mask is not None or attn_mask is not None or options.get("is_causal")
        if need_weights or masked or not rows.applies(self, query, autocast=True):
            masks = key_padding_mask, need_weights, attn_mask
            return super().forward(query, key, value, *masks, **options)
        return self._attended(query, key, value), None

    def _attended(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Source: Vaswani et al. 2017, "Attention Is All You Need", eq. 1."""
        dtype = query.dtype
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
        weights = self.in_proj_weight.to(dtype).chunk(3)
        biases = self.in_proj_bias.to(dtype).chunk(3)
        q, k, v = (
            rows.linear(x.to(dtype), weight, bias)
            .unflatten(-1, (self.num_heads, -1))
            .transpose(1, 2)
            for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )  # (B, heads, N or M, width)
        q, k, v = (q * q.shape[-1] ** -0.5).contiguous(), k.contiguous(), v.mT.contiguous()
        out = torch.empty_like(q)
        for batch, head in torch.cartesian_prod(*map(torch.arange, q.shape[:2])).tolist():
            for start in range(0, q.shape[2], AT_ONCE):
                some = slice(start, start + AT_ONCE)
                scores = rows.linear(q[batch, head, some], k[batch, head], None)
                shares = torch.softmax(scores, -1, torch.float32).to(dtype)
                out[batch, head, some] = rows.linear(shares, v[batch, head], None)
        out = out.transpose(1, 2).flatten(2)
        return rows.linear(out, self.out_proj.weight.to(dtype), self.out_proj.bias.to(dtype))
