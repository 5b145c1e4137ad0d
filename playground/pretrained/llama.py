"""Llama and its relatives, Mistral, Qwen2 and Qwen3: their settings and their weights, as ours.

Llama, Mistral   rotary positions, RMSNorm, SwiGLU
Qwen2            and a bias on queries, keys and values
Qwen3            and RMSNorm with gains on each head of the queries and keys
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from playground.config import ConfigError, ModelConfig
from playground.models import Transformer
from playground.pretrained.layers import attention_pairs, stacked
from playground.pretrained.pairs import Pair

if TYPE_CHECKING:
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config


def config_to_llama(config: ModelConfig) -> LlamaConfig | Qwen2Config | Qwen3Config:
    """Return the settings of the Llama, Qwen2 or Qwen3 of this shape."""
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config

    shared: dict[str, Any] = {
        "vocab_size": config.d_vocab,
        "max_position_embeddings": config.n_ctx,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "intermediate_size": config.d_mlp,
        "rms_norm_eps": config.norm_eps or 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "tie_word_embeddings": config.tie_embeddings,
        "attention_dropout": config.dropout,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }
    if config.qk_norm:
        return Qwen3Config(**shared)
    if config.qkv_bias and not config.bias:
        return Qwen2Config(**shared)
    return LlamaConfig(**shared, attention_bias=config.bias, mlp_bias=config.bias)


def config_from_llama(config: Any) -> ModelConfig:
    """Return our settings of a LlamaConfig or a relative's; raises ConfigError for what ours can't be."""
    kind, rope = config.model_type, config.rope_parameters
    if rope["rope_type"] != "default" or config.hidden_act != "silu":
        raise ConfigError(
            f"rope_type is {rope['rope_type']!r} and hidden_act {config.hidden_act!r}, but they must be "
            "'default' and 'silu'."
        )
    if getattr(config, "sliding_window", None) is not None:
        raise ConfigError(f"sliding_window is {config.sliding_window}, but here attention sees everything.")
    bias = bool(getattr(config, "attention_bias", False))
    if bias != getattr(config, "mlp_bias", False):
        raise ConfigError("attention_bias and mlp_bias differ, but here they are one setting: bias.")
    return ModelConfig(
        d_vocab=config.vocab_size,
        n_ctx=config.max_position_embeddings,
        d_model=config.hidden_size,
        n_heads=config.num_attention_heads,
        n_kv_heads=config.num_key_value_heads,
        n_layers=config.num_hidden_layers,
        d_mlp=config.intermediate_size,
        d_head=getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
        positions="rotary",
        rope_theta=rope["rope_theta"],
        norm="rmsnorm",
        norm_eps=config.rms_norm_eps,
        activation="swiglu",
        tie_embeddings=config.tie_word_embeddings,
        bias=bias,
        dropout=config.attention_dropout,
        qkv_bias=kind == "qwen2",
        qk_norm=kind == "qwen3",
        qk_norm_gain=kind == "qwen3",
        init="gpt2",
    )


def llama_pairs(model: Transformer) -> Iterator[Pair]:
    """Yield what holds the same numbers."""
    yield Pair(model.embed.weight, "model.embed_tokens.weight")
    yield Pair(model.norm.weight, "model.norm.weight")
    if not model.config.tie_embeddings:
        yield Pair(model.unembed.weight, "lm_head.weight")
    blocks: list[Any] = list(model.blocks)
    for number, block in enumerate(blocks):
        layer = f"model.layers.{number}"
        yield Pair(block.attention_norm.weight, f"{layer}.input_layernorm.weight")
        yield Pair(block.mlp_norm.weight, f"{layer}.post_attention_layernorm.weight")
        yield from attention_pairs(block.attention, f"{layer}.self_attn")
        d_mlp = model.config.d_mlp
        yield from stacked(block.mlp.up, f"{layer}.mlp", {"gate_proj": d_mlp, "up_proj": d_mlp})
        yield from stacked(block.mlp.down, f"{layer}.mlp", {"down_proj": model.config.d_model})
