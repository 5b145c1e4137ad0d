"""Relatives of Llama with other parts: their settings and their weights, as ours.

Arcee      an MLP without a gate
Apertus    and RMSNorm on each head of the queries and keys: the playground's own recipe
Nemotron   an MLP without a gate, and LayerNorm, whose gains are kept as what they are above 1
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from playground.config import ConfigError, ModelConfig
from playground.models import Transformer
from playground.pretrained.layers import attention_pairs, stacked
from playground.pretrained.pairs import Pair

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu2": "relu2"}
NORMS = {
    "arcee": ("input_layernorm", "post_attention_layernorm"),
    "apertus": ("attention_layernorm", "feedforward_layernorm"),
    "nemotron": ("input_layernorm", "post_attention_layernorm"),
}
"""What they call the norms before attention and before the MLP."""


def config_to_relative(config: ModelConfig, kind: str) -> Any:
    """Return the settings of the model of this kind and shape."""
    from transformers import AutoConfig

    values: dict[str, Any] = {
        "vocab_size": config.d_vocab,
        "max_position_embeddings": config.n_ctx,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "intermediate_size": config.d_mlp,
        "hidden_act": ACTIVATIONS[config.activation],
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": config.bias,
        "attention_dropout": config.dropout,
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id")),
    }
    if kind == "nemotron":
        values["rope_parameters"]["partial_rotary_factor"] = 1.0
        values |= {"mlp_bias": config.bias, "norm_eps": config.norm_eps or 1e-5}
    else:
        values["rms_norm_eps"] = config.norm_eps or 1e-6
    if kind == "arcee":
        values["mlp_bias"] = config.bias
    return AutoConfig.for_model(kind, **values)


def config_from_relative(config: Any) -> ModelConfig:
    """Return our settings of such a model; raises ConfigError for what ours can't be."""
    kind, rope = config.model_type, config.rope_parameters
    ours: dict[str, Any] = {theirs: ours for ours, theirs in ACTIVATIONS.items()}
    if rope["rope_type"] != "default" or rope.get("partial_rotary_factor", 1.0) != 1.0:
        raise ConfigError(f"rope_parameters are {rope}, but here every number of a head is turned plainly.")
    if config.hidden_act not in ours:
        raise ConfigError(f"hidden_act is {config.hidden_act!r}, but it must be one of {', '.join(ours)}.")
    if config.attention_bias != getattr(config, "mlp_bias", False):
        raise ConfigError("attention_bias and mlp_bias differ, but here they are one setting: bias.")
    return ModelConfig(
        d_vocab=config.vocab_size,
        n_ctx=config.max_position_embeddings,
        d_model=config.hidden_size,
        n_heads=config.num_attention_heads,
        n_kv_heads=config.num_key_value_heads or config.num_attention_heads,
        n_layers=config.num_hidden_layers,
        d_mlp=config.intermediate_size,
        d_head=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        positions="rotary",
        rope_theta=rope["rope_theta"],
        norm="layernorm" if kind == "nemotron" else "rmsnorm",
        norm_eps=config.norm_eps if kind == "nemotron" else config.rms_norm_eps,
        activation=ours[config.hidden_act],
        tie_embeddings=config.tie_word_embeddings,
        bias=config.attention_bias,
        dropout=config.attention_dropout,
        qk_norm=kind == "apertus",
        qk_norm_gain=kind == "apertus",
        init="gpt2",
    )


def relative_pairs(model: Transformer, kind: str) -> Iterator[Pair]:
    """Yield what holds the same numbers."""
    yield Pair(model.embed.weight, "model.embed_tokens.weight")
    yield from norm_pairs(model.norm, "model.norm", kind)
    if not model.config.tie_embeddings:
        yield Pair(model.unembed.weight, "lm_head.weight")
    blocks: list[Any] = list(model.blocks)
    for number, block in enumerate(blocks):
        layer = f"model.layers.{number}"
        for norm, name in zip((block.attention_norm, block.mlp_norm), NORMS[kind], strict=True):
            yield from norm_pairs(norm, f"{layer}.{name}", kind)
        yield from attention_pairs(block.attention, f"{layer}.self_attn")
        for linear, name in ((block.mlp.up, "up_proj"), (block.mlp.down, "down_proj")):
            yield from stacked(linear, f"{layer}.mlp", {name: linear.out_features})


def norm_pairs(norm: Any, name: str, kind: str) -> Iterator[Pair]:
    """Pair the gains and biases of a norm."""
    is_above_one = kind == "nemotron"
    yield Pair(norm.weight, f"{name}.weight", shift=-1.0 if is_above_one else 0.0)
    if is_above_one:
        yield Pair(torch.zeros_like(norm.weight) if norm.bias is None else norm.bias, f"{name}.bias")
