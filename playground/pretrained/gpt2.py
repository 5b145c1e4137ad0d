"""GPT-2: its settings and its weights, as ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from playground.config import ConfigError, ModelConfig
from playground.models import Transformer
from playground.models.positions import sinusoids
from playground.pretrained.pairs import Pair
from playground.pretrained.settings import ACTIVATIONS, our_activation, our_shape, their_shape

if TYPE_CHECKING:
    from transformers import GPT2Config


def config_to_gpt2(config: ModelConfig) -> GPT2Config:
    """Return the settings of a GPT-2 of this shape; fixed positions and missing biases become weights."""
    from transformers import GPT2Config

    return GPT2Config(
        **their_shape(config),
        n_inner=config.d_mlp,
        activation_function=ACTIVATIONS[config.activation],
        layer_norm_epsilon=config.norm_eps or 1e-5,
        embd_pdrop=config.dropout,
        attn_pdrop=config.dropout,
        resid_pdrop=config.dropout,
    )


def config_from_gpt2(config: Any) -> ModelConfig:
    """Return our settings of a GPT2Config; raises ConfigError for what ours can't be."""
    activation = our_activation(config, "activation_function")
    if config.scale_attn_by_inverse_layer_idx or not config.scale_attn_weights:
        raise ConfigError("The attention weights are scaled in another way than by 1 / √d_head.")
    return ModelConfig(
        **our_shape(config),
        d_mlp=config.n_inner or 4 * config.n_embd,
        positions="learned",
        norm="layernorm",
        norm_eps=config.layer_norm_epsilon,
        activation=activation,
        bias=True,
        dropout=config.resid_pdrop,
        qk_norm=False,
    )


def gpt2_pairs(model: Transformer) -> Iterator[Pair]:
    """Yield what holds the same numbers; what only GPT-2 has is paired with constants."""
    yield Pair(model.embed.weight, "transformer.wte.weight")
    yield Pair(positions_of(model), "transformer.wpe.weight", may_be_longer=True)
    if not model.config.tie_embeddings:
        yield Pair(model.unembed.weight, "lm_head.weight")
    modules: list[tuple[Any, str]] = [(model.norm, "ln_f")]
    blocks: list[Any] = list(model.blocks)
    for number, block in enumerate(blocks):
        modules += [(block.attention_norm, f"h.{number}.ln_1"), (block.mlp_norm, f"h.{number}.ln_2")]
        modules += [(block.attention.qkv, f"h.{number}.attn.c_attn")]
        modules += [(block.attention.out, f"h.{number}.attn.c_proj")]
        modules += [(block.mlp.up, f"h.{number}.mlp.c_fc"), (block.mlp.down, f"h.{number}.mlp.c_proj")]
    for ours, name in modules:
        is_matrix = ours.weight.dim() == 2  # their Conv1D holds the transpose
        yield Pair(ours.weight, f"transformer.{name}.weight", is_transposed=is_matrix)
        bias = ours.weight.new_zeros(len(ours.weight)) if ours.bias is None else ours.bias
        yield Pair(bias, f"transformer.{name}.bias")


def positions_of(model: Transformer) -> Tensor:
    """Return what the model adds to the token at each position: (n_ctx d_model)."""
    config, weight = model.config, model.embed.weight
    if config.positions == "learned":
        return model.position_embed.weight
    if config.positions == "sinusoidal":
        return sinusoids(config.n_ctx, config.d_model).to(weight)
    return torch.zeros(config.n_ctx, config.d_model).to(weight)
