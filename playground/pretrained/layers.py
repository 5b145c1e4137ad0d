"""What Llama and its relatives call alike: embeddings, norms, attention of four linear layers, ours of 2."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from playground.models import Transformer
from playground.models.positions import QK_EPS
from playground.pretrained.pairs import Pair


def ends_and_norms(model: Transformer, norms: tuple[str, str], *, above_one: bool = False) -> Iterator[Pair]:
    """Pair embeddings and norms; `norms`: what those before attention and before the MLP are called.

    above_one: theirs have biases, and gains that are kept as what they are above 1 (Nemotron).
    """
    yield Pair(model.embed.weight, "model.embed_tokens.weight")
    if not model.config.tie_embeddings:
        yield Pair(model.unembed.weight, "lm_head.weight")
    named: list[tuple[Any, str]] = [(model.norm, "norm")]
    blocks: list[Any] = list(model.blocks)
    for number, block in enumerate(blocks):
        both = zip((block.attention_norm, block.mlp_norm), norms, strict=True)
        named += [(norm, f"layers.{number}.{name}") for norm, name in both]
    for norm, name in named:
        yield Pair(norm.weight, f"model.{name}.weight", shift=-1.0 if above_one else 0.0)
        if above_one:
            yield Pair(
                torch.zeros_like(norm.weight) if norm.bias is None else norm.bias, f"model.{name}.bias"
            )


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
