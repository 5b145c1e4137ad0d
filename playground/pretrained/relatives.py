"""Relatives of Llama with other parts: their settings and their weights, as ours.

Arcee      an MLP without a gate
Apertus    and RMSNorm on each head of the queries and keys: the playground's own recipe
Nemotron   an MLP without a gate, and LayerNorm, whose gains are kept as what they are above 1
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playground.config import ModelConfig
from playground.models import Transformer
from playground.pretrained.layers import attention_pairs, ends_and_norms, stacked
from playground.pretrained.pairs import Pair
from playground.pretrained.settings import ACTIVATIONS, our_activation, our_rotary, their_rotary

NORMS = {
    "arcee": ("input_layernorm", "post_attention_layernorm"),
    "apertus": ("attention_layernorm", "feedforward_layernorm"),
    "nemotron": ("input_layernorm", "post_attention_layernorm"),
}
"""What they call the norms before attention and before the MLP."""


def config_to_relative(config: ModelConfig, kind: str) -> Any:
    """Return the settings of the model of this kind and shape."""
    from transformers import AutoConfig

    values: dict[str, Any] = {**their_rotary(config), "hidden_act": ACTIVATIONS[config.activation]}
    if kind == "nemotron":
        values["rope_parameters"]["partial_rotary_factor"] = 1.0
        values["norm_eps"] = config.norm_eps or 1e-5
    else:
        values["rms_norm_eps"] = config.norm_eps or 1e-6
    if kind != "apertus":
        values["mlp_bias"] = config.bias
    return AutoConfig.for_model(kind, **values)


def config_from_relative(config: Any) -> ModelConfig:
    """Return our settings of such a model; raises ConfigError for what ours can't be."""
    kind = config.model_type
    return ModelConfig(
        **our_rotary(config),
        norm="layernorm" if kind == "nemotron" else "rmsnorm",
        norm_eps=config.norm_eps if kind == "nemotron" else config.rms_norm_eps,
        activation=our_activation(config, "hidden_act"),
        qk_norm=kind == "apertus",
        qk_norm_gain=kind == "apertus",
    )


def relative_pairs(model: Transformer, kind: str) -> Iterator[Pair]:
    """Yield what holds the same numbers."""
    yield from ends_and_norms(model, NORMS[kind], above_one=kind == "nemotron")
    blocks: list[Any] = list(model.blocks)
    for number, block in enumerate(blocks):
        layer = f"model.layers.{number}"
        yield from attention_pairs(block.attention, f"{layer}.self_attn")
        for linear, name in ((block.mlp.up, "up_proj"), (block.mlp.down, "down_proj")):
            yield from stacked(linear, f"{layer}.mlp", {name: linear.out_features})
