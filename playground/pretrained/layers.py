"""Layers that Llama and its relatives call alike: attention of four linear layers, ours of two."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from playground.models.positions import QK_EPS
from playground.pretrained.pairs import Pair


def attention_pairs(attention: Any, name: str) -> Iterator[Pair]:
    """Pair the weights of attention; normalised queries and keys are scaled for another smallest variance.

    Here they are divided by √(variance + QK_EPS), there by one with the smallest variance of the other norms:
    queries and keys that are longer by the root of the two's ratio come to the same.
    """
    config = attention.config
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    is_plain = config.qk_norm and not config.qk_norm_gain
    factor = math.sqrt((config.norm_eps or 1e-6) / QK_EPS) if is_plain else 1.0
    sizes = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
    yield from stacked(attention.qkv, name, sizes, {"q_proj": factor, "k_proj": factor})
    yield from stacked(attention.out, name, {"o_proj": config.d_model})
    if config.qk_norm_gain:
        yield Pair(attention.q_gain, f"{name}.q_norm.weight")
        yield Pair(attention.k_gain, f"{name}.k_norm.weight")


def stacked(
    ours: nn.Linear, where: str, sizes: dict[str, int], factors: dict[str, float] | None = None
) -> Iterator[Pair]:
    """Pair the rows of one linear layer with those of several that do its work."""
    rows, factors = list(sizes.values()), factors or {}
    parts = [("weight", ours.weight)] + ([] if ours.bias is None else [("bias", ours.bias)])
    for kind, tensor in parts:
        for name, part in zip(sizes, tensor.split(rows), strict=True):
            yield Pair(part, f"{where}.{name}.{kind}", factor=factors.get(name, 1.0))
