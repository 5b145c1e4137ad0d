"""Settings that every kind of model has, ours under the names of transformers and back."""

from __future__ import annotations

from typing import Any

from playground.config import ConfigError, ModelConfig

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu2": "relu2"}
"""Non-linearities of an MLP without a gate: our name, and theirs."""


def their_shape(config: ModelConfig) -> dict[str, Any]:
    """Return the sizes of a model as any of their configs is told them; it has no special tokens."""
    return {
        "vocab_size": config.d_vocab,
        "max_position_embeddings": config.n_ctx,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "tie_word_embeddings": config.tie_embeddings,
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id")),
    }


def our_shape(config: Any) -> dict[str, Any]:
    """Return the sizes of a model by one of their configs."""
    return {
        "d_vocab": config.vocab_size,
        "n_ctx": config.max_position_embeddings,
        "d_model": config.hidden_size,
        "n_layers": config.num_hidden_layers,
        "n_heads": config.num_attention_heads,
        "tie_embeddings": config.tie_word_embeddings,
        "init": "gpt2",
    }


def their_rotary(config: ModelConfig) -> dict[str, Any]:
    """Return the settings of a model with rotary positions, as all relatives of Llama are told them."""
    return {
        **their_shape(config),
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "intermediate_size": config.d_mlp,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "attention_bias": config.bias,
        "attention_dropout": config.dropout,
    }


def our_rotary(config: Any) -> dict[str, Any]:
    """Return our settings of a relative of Llama; raises ConfigError for what ours can't be."""
    rope, n_heads = config.rope_parameters, config.num_attention_heads
    if rope["rope_type"] != "default" or rope.get("partial_rotary_factor", 1.0) != 1.0:
        raise ConfigError(f"rope_parameters are {rope}, but here every number of a head is turned plainly.")
    bias = bool(getattr(config, "attention_bias", False))
    if bias != bool(getattr(config, "mlp_bias", False)):
        raise ConfigError("attention_bias and mlp_bias differ, but here they are one setting: bias.")
    return {
        **our_shape(config),
        "n_kv_heads": config.num_key_value_heads or n_heads,
        "d_mlp": config.intermediate_size,
        "d_head": getattr(config, "head_dim", None) or config.hidden_size // n_heads,
        "positions": "rotary",
        "rope_theta": rope["rope_theta"],
        "bias": bias,
        "dropout": config.attention_dropout,
    }


def our_activation(config: Any, field: str) -> Any:
    """Return our name of the non-linearity that a field of theirs names; raises ConfigError for others."""
    ours, named = {theirs: ours for ours, theirs in ACTIVATIONS.items()}, getattr(config, field)
    if named not in ours:
        raise ConfigError(f"{field} is {named!r}, but it must be one of {', '.join(ours)}.")
    return ours[named]
