"""Hugging Face models in and out: GPT-2 and Llama, weight by weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from playground.config import ConfigError, ModelConfig
from playground.models import Model, Transformer
from playground.models.positions import sinusoids

if TYPE_CHECKING:
    from transformers import GPT2Config, LlamaConfig, PreTrainedModel

GPT2_ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu2": "relu2"}
"""Our name, and theirs."""

Pair = tuple[Tensor, Tensor]


def to_hf(model: Model) -> PreTrainedModel:
    """Return the GPT2LMHeadModel or LlamaForCausalLM that gives the same logits, with weights of its own.

    Raises ConfigError naming the setting that neither of them has.
    """
    from transformers import GPT2LMHeadModel, LlamaForCausalLM

    config = model.config
    if not isinstance(model, Transformer):
        raise ConfigError(f"architecture is {config.architecture!r}, but only transformers can be exported.")
    if config.qk_norm:
        raise ConfigError("qk_norm is on, but neither GPT-2 nor Llama has it: train with it off to export.")
    if config.positions == "rotary":
        theirs, pair_weights = LlamaForCausalLM(_llama_config(config)), _llama_pairs
    else:
        theirs, pair_weights = GPT2LMHeadModel(_gpt2_config(config)), _gpt2_pairs
    nn.Module.to(theirs, device=model.embed.weight.device, dtype=model.embed.weight.dtype)
    with torch.no_grad():
        for ours, other in pair_weights(model, theirs):
            other.copy_(ours)
    return theirs.train(model.training)


def from_hf(hf_model: PreTrainedModel) -> Transformer:
    """Return our transformer with the weights of a GPT2LMHeadModel or LlamaForCausalLM.

    Raises ConfigError for other models, and for settings that ours has not.
    """
    readers = {"gpt2": (_from_gpt2_config, _gpt2_pairs), "llama": (_from_llama_config, _llama_pairs)}
    kind = hf_model.config.model_type
    if kind not in readers:
        raise ConfigError(f"model_type is {kind!r}, but only {' and '.join(readers)} can be read.")
    read_config, pair_weights = readers[kind]
    model = Transformer(read_config(hf_model.config)).to(device=hf_model.device, dtype=hf_model.dtype)
    with torch.no_grad():
        for ours, other in pair_weights(model, hf_model):
            ours.copy_(other)
    return model.train(hf_model.training)


def _gpt2_config(config: ModelConfig) -> GPT2Config:
    """Return the settings of a GPT-2 of this shape; fixed positions and missing biases become weights."""
    from transformers import GPT2Config

    if config.norm != "layernorm" or config.activation not in GPT2_ACTIVATIONS:
        raise ConfigError(
            f"positions {config.positions!r} make it a GPT-2, but norm is {config.norm!r} and activation "
            f"{config.activation!r}: GPT-2 has layernorm and one of {', '.join(GPT2_ACTIVATIONS)}."
        )
    if config.n_kv_heads != config.n_heads or config.n_heads * config.d_head != config.d_model:
        raise ConfigError(
            f"n_kv_heads is {config.n_kv_heads} and n_heads * d_head {config.n_heads * config.d_head}, but "
            f"GPT-2 has as many as n_heads ({config.n_heads}), and d_model ({config.d_model})."
        )
    return GPT2Config(
        vocab_size=config.d_vocab,
        n_positions=config.n_ctx,
        n_embd=config.d_model,
        n_layer=config.n_layers,
        n_head=config.n_heads,
        n_inner=config.d_mlp,
        activation_function=GPT2_ACTIVATIONS[config.activation],
        layer_norm_epsilon=config.norm_eps or 1e-5,
        tie_word_embeddings=config.tie_embeddings,
        embd_pdrop=config.dropout,
        attn_pdrop=config.dropout,
        resid_pdrop=config.dropout,
        bos_token_id=None,
        eos_token_id=None,
    )


def _from_gpt2_config(config: Any) -> ModelConfig:
    activations: dict[str, Any] = {theirs: ours for ours, theirs in GPT2_ACTIVATIONS.items()}
    if config.activation_function not in activations:
        raise ConfigError(
            f"activation_function is {config.activation_function!r}, but it must be one of "
            f"{', '.join(activations)}."
        )
    return ModelConfig(
        d_vocab=config.vocab_size,
        n_ctx=config.n_positions,
        d_model=config.n_embd,
        n_heads=config.n_head,
        n_layers=config.n_layer,
        d_mlp=config.n_inner or 4 * config.n_embd,
        positions="learned",
        norm="layernorm",
        norm_eps=config.layer_norm_epsilon,
        activation=activations[config.activation_function],
        tie_embeddings=config.tie_word_embeddings,
        bias=True,
        dropout=config.resid_pdrop,
        qk_norm=False,
        init="gpt2",
    )


def _llama_config(config: ModelConfig) -> LlamaConfig:
    from transformers import LlamaConfig

    if config.norm != "rmsnorm" or config.activation != "swiglu":
        raise ConfigError(
            f"Rotary positions make it a Llama, but norm is {config.norm!r} and activation "
            f"{config.activation!r}: Llama has rmsnorm and swiglu."
        )
    return LlamaConfig(
        vocab_size=config.d_vocab,
        max_position_embeddings=config.n_ctx,
        hidden_size=config.d_model,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        num_key_value_heads=config.n_kv_heads,
        head_dim=config.d_head,
        intermediate_size=config.d_mlp,
        rms_norm_eps=config.norm_eps or 1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
        tie_word_embeddings=config.tie_embeddings,
        attention_bias=config.bias,
        mlp_bias=config.bias,
        attention_dropout=config.dropout,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )


def _from_llama_config(config: Any) -> ModelConfig:
    rope = config.rope_parameters
    if rope["rope_type"] != "default" or config.hidden_act != "silu":
        raise ConfigError(
            f"rope_type is {rope['rope_type']!r} and hidden_act {config.hidden_act!r}, but they must be "
            "'default' and 'silu'."
        )
    if config.attention_bias != config.mlp_bias:
        raise ConfigError("attention_bias and mlp_bias differ, but here they are one setting: bias.")
    return ModelConfig(
        d_vocab=config.vocab_size,
        n_ctx=config.max_position_embeddings,
        d_model=config.hidden_size,
        n_heads=config.num_attention_heads,
        n_kv_heads=config.num_key_value_heads,
        n_layers=config.num_hidden_layers,
        d_mlp=config.intermediate_size,
        d_head=config.head_dim,
        positions="rotary",
        rope_theta=rope["rope_theta"],
        norm="rmsnorm",
        norm_eps=config.rms_norm_eps,
        activation="swiglu",
        tie_embeddings=config.tie_word_embeddings,
        bias=config.attention_bias,
        dropout=config.attention_dropout,
        qk_norm=False,
        init="gpt2",
    )


def _gpt2_pairs(model: Transformer, theirs: Any) -> Iterator[Pair]:
    """Yield tensors that hold the same numbers, ours first; what only GPT-2 has is paired with constants."""
    body = theirs.transformer
    yield model.embed.weight, body.wte.weight
    yield positions_of(model), body.wpe.weight
    if not model.config.tie_embeddings:
        yield model.unembed.weight, theirs.lm_head.weight
    modules: list[tuple[Any, Any]] = [(model.norm, body.ln_f)]
    for block, other in zip(_blocks(model), body.h, strict=True):
        modules += [(block.attention_norm, other.ln_1), (block.mlp_norm, other.ln_2)]
        modules += [(block.attention.qkv, other.attn.c_attn), (block.attention.out, other.attn.c_proj)]
        modules += [(block.mlp.up, other.mlp.c_fc), (block.mlp.down, other.mlp.c_proj)]
    for ours, other in modules:
        is_matrix = other.weight.dim() == 2
        yield ours.weight, other.weight.T if is_matrix else other.weight  # their Conv1D holds the transpose
        yield torch.zeros_like(other.bias) if ours.bias is None else ours.bias, other.bias


def positions_of(model: Transformer) -> Tensor:
    """Return what the model adds to the token at each position: (n_ctx d_model)."""
    config, weight = model.config, model.embed.weight
    if config.positions == "learned":
        return model.position_embed.weight
    if config.positions == "sinusoidal":
        return sinusoids(config.n_ctx, config.d_model).to(weight)
    return weight.new_zeros(config.n_ctx, config.d_model)


def _llama_pairs(model: Transformer, theirs: Any) -> Iterator[Pair]:
    yield model.embed.weight, theirs.model.embed_tokens.weight
    yield model.norm.weight, theirs.model.norm.weight
    if not model.config.tie_embeddings:
        yield model.unembed.weight, theirs.lm_head.weight
    for block, other in zip(_blocks(model), theirs.model.layers, strict=True):
        attention, mlp = other.self_attn, other.mlp
        yield block.attention_norm.weight, other.input_layernorm.weight
        yield block.mlp_norm.weight, other.post_attention_layernorm.weight
        yield from _stacked(block.attention.qkv, attention.q_proj, attention.k_proj, attention.v_proj)
        yield from _stacked(block.attention.out, attention.o_proj)
        yield from _stacked(block.mlp.up, mlp.gate_proj, mlp.up_proj)
        yield from _stacked(block.mlp.down, mlp.down_proj)


def _blocks(model: Transformer) -> list[Any]:
    return list(model.blocks)


def _stacked(ours: nn.Linear, *others: nn.Linear) -> Iterator[Pair]:
    """Pair the rows of one linear layer with those of several that do its work."""
    sizes = [other.out_features for other in others]
    for rows, other in zip(ours.weight.split(sizes), others, strict=True):
        yield rows, other.weight
    if ours.bias is not None:
        for values, other in zip(ours.bias.split(sizes), others, strict=True):
            yield values, other.bias
