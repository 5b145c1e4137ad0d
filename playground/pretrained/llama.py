"""Llama, Mistral, Qwen2 and Qwen3: their settings and their weights, as ours.

Llama, Mistral   rotary positions, RMSNorm, SwiGLU
Qwen2            and a bias on queries, keys and values
Qwen3            and RMSNorm with gains on each head of the queries and keys
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from playground.config import ConfigError, ModelConfig
from playground.models import Transformer
from playground.pretrained.layers import attention_pairs, ends_and_norms, stacked
from playground.pretrained.pairs import Pair
from playground.pretrained.settings import our_rotary, their_rotary

if TYPE_CHECKING:
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config


def config_to_llama(config: ModelConfig) -> LlamaConfig | Qwen2Config | Qwen3Config:
    """Return the settings of the Llama, Qwen2 or Qwen3 of this shape."""
    from transformers import LlamaConfig, Qwen2Config, Qwen3Config

    shared: dict[str, Any] = {**their_rotary(config), "rms_norm_eps": config.norm_eps or 1e-6}
    if config.qk_norm:
        return Qwen3Config(**shared)
    if config.qkv_bias and not config.bias:
        return Qwen2Config(**shared)
    return LlamaConfig(**shared, mlp_bias=config.bias)


def config_from_llama(config: Any) -> ModelConfig:
    """Return our settings of a LlamaConfig or a relative's; raises ConfigError for what ours can't be."""
    kind, shared = config.model_type, our_rotary(config)
    if config.hidden_act != "silu":
        raise ConfigError(f"hidden_act is {config.hidden_act!r}, but it must be 'silu'.")
    if getattr(config, "sliding_window", None) is not None:
        raise ConfigError(f"sliding_window is {config.sliding_window}, but here attention sees everything.")
    return ModelConfig(
        **shared,
        norm="rmsnorm",
        norm_eps=config.rms_norm_eps,
        activation="swiglu",
        qkv_bias=kind == "qwen2",
        qk_norm=kind == "qwen3",
        qk_norm_gain=kind == "qwen3",
    )


def llama_pairs(model: Transformer) -> Iterator[Pair]:
    """Yield what holds the same numbers."""
    yield from ends_and_norms(model, ("input_layernorm", "post_attention_layernorm"))
    blocks: list[Any] = list(model.blocks)
    d_mlp = model.config.d_mlp
    for number, block in enumerate(blocks):
        layer = f"model.layers.{number}"
        yield from attention_pairs(block.attention, f"{layer}.self_attn")
        yield from stacked(block.mlp.up, f"{layer}.mlp", {"gate_proj": d_mlp, "up_proj": d_mlp})
        yield from stacked(block.mlp.down, f"{layer}.mlp", {"down_proj": model.config.d_model})
