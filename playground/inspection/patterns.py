"""Attention patterns: how much of each position's attention goes to each position before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.inspection.reading import InspectionError, as_one_window, reading
from playground.models import LSTM, HFModel, Model
from playground.models.attention import Attention


def attention_patterns(model: Model, tokens: Sequence[int]) -> Float[Tensor, "layer head pos pos"]:
    """Return the patterns of all heads on a text of at most n_ctx tokens; each row sums to 1.

    Raises InspectionError for a model without attention, or a text that is empty or too long.
    """
    with reading(model):
        return torch.cat(patterns_by_layer(model, as_one_window(model, tokens))).cpu()


def patterns_by_layer(
    model: Model, tokens: Int[Tensor, "batch pos"]
) -> list[Float[Tensor, "batch head pos pos"]]:
    """Return the patterns of each layer, recomputed from what the layer reads."""
    if isinstance(model, LSTM):
        raise InspectionError(
            "An LSTM has no attention: all it knows of earlier tokens is in its state of fixed size."
        )
    if isinstance(model, HFModel):
        return model.attention_patterns(tokens)
    x, turn, visible = model.enter(tokens)
    blocks: list[Any] = list(model.blocks)
    found = []
    for block in blocks:
        found.append(pattern(block.attention, block.attention_norm(x), turn))
        x = block(x, turn, visible, None)
    return found


def pattern(
    attention: Attention, x: Float[Tensor, "batch pos d_model"], turn: Tensor | None
) -> Float[Tensor, "batch head pos pos"]:
    """Return softmax(q kᵀ / √d_head) over the past, which the layer's own forward never writes out."""
    q, k, _ = attention.queries_keys_values(x, turn)
    k = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return scores.masked_fill(future, float("-inf")).softmax(dim=-1)
