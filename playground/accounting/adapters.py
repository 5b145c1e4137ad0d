"""What learns: all of a model, or with LoRA the small matrices beside its layers alone."""

from __future__ import annotations

from playground.accounting.parameters import count_parameters, matrix_shapes
from playground.config import ModelConfig, RunConfig


def adapter_parameters(config: ModelConfig, rank: int) -> int:
    """Return the numbers in adapters of a rank: rank * (rows + columns) for each linear layer in the blocks.

    The playground's own layers hold queries, keys and values in one matrix, and so the gate and the way up;
    those of Hugging Face are counted apart, as most of them are.
    """
    if config.architecture == "hf":
        return rank * sum((rows + columns) * count for rows, columns, count in matrix_shapes(config))
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    up = config.d_mlp * (2 if config.activation == "swiglu" else 1)
    sides = (queries + 2 * keys, queries, up, config.d_mlp)  # of qkv, out, up, down; the other is d_model
    return rank * config.n_layers * sum(side + config.d_model for side in sides)


def trainable_parameters(config: RunConfig) -> int:
    """Return how many numbers a run learns."""
    if config.train.lora_rank:
        return adapter_parameters(config.model, config.train.lora_rank)
    return count_parameters(config.model)["total"]
