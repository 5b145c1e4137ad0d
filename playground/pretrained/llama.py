"""Llama and its relatives, Mistral, Qwen2 and Qwen3: their settings and their weights, as ours.

Llama, Mistral   rotary positions, RMSNorm, SwiGLU
Qwen2            and a bias on queries, keys and values
Qwen3            and RMSNorm with gains on each head of the queries and keys
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from torch import nn

from playground.config import ConfigError, ModelConfig
from playground.models import Transformer
from playground.pretrained.pairs import Pair

if TYPE_CHECKING:
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config


def config_to_llama(config: ModelConfig) -> LlamaConfig | Qwen2Config | Qwen3Config:
    """Return the settings of the Llama, Qwen2 or Qwen3 of this shape; raises ConfigError if none has it."""
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config

    if config.norm != "rmsnorm" or config.activation != "swiglu":
        raise ConfigError(
            f"Rotary positions make it a Llama, but norm is {config.norm!r} and activation "
            f"{config.activation!r}: Llama has rmsnorm and swiglu."
        )
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
    if config.qk_norm_gain:
        if config.bias or config.qkv_bias:
            raise ConfigError("qk_norm_gain makes it a Qwen3, which has no biases: turn them off to export.")
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
        layer, config, attention = f"model.layers.{number}", model.config, block.attention
        queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
        yield Pair(block.attention_norm.weight, f"{layer}.input_layernorm.weight")
        yield Pair(block.mlp_norm.weight, f"{layer}.post_attention_layernorm.weight")
        sizes = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
        yield from _stacked(attention.qkv, f"{layer}.self_attn", sizes)
        yield from _stacked(attention.out, f"{layer}.self_attn", {"o_proj": config.d_model})
        if config.qk_norm_gain:
            yield Pair(attention.q_gain, f"{layer}.self_attn.q_norm.weight")
            yield Pair(attention.k_gain, f"{layer}.self_attn.k_norm.weight")
        yield from _stacked(
            block.mlp.up, f"{layer}.mlp", dict.fromkeys(("gate_proj", "up_proj"), config.d_mlp)
        )
        yield from _stacked(block.mlp.down, f"{layer}.mlp", {"down_proj": config.d_model})


def _stacked(ours: nn.Linear, where: str, sizes: dict[str, int]) -> Iterator[Pair]:
    """Pair the rows of one linear layer with those of several that do its work."""
    rows = list(sizes.values())
    for name, weight in zip(sizes, ours.weight.split(rows), strict=True):
        yield Pair(weight, f"{where}.{name}.weight")
    if ours.bias is not None:
        for name, bias in zip(sizes, ours.bias.split(rows), strict=True):
            yield Pair(bias, f"{where}.{name}.bias")
