"""Between the playground's transformer and those of Hugging Face that have the same shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from torch import nn

from playground.config import ConfigError, ModelConfig
from playground.models import Model, Transformer, build_blank
from playground.pretrained.gpt2 import config_from_gpt2, config_to_gpt2, gpt2_pairs
from playground.pretrained.llama import config_from_llama, config_to_llama, llama_pairs
from playground.pretrained.pairs import Pair, copy_in, copy_out

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Family = tuple[Callable[[Any], ModelConfig], Callable[[Transformer], Iterator[Pair]]]

FAMILIES: dict[str, Family] = {
    "gpt2": (config_from_gpt2, gpt2_pairs),
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), (config_from_llama, llama_pairs)),
}
"""How the settings of each model_type are read, and which tensors are the same."""


def to_hf(model: Model) -> PreTrainedModel:
    """Return the GPT-2, Llama, Qwen2 or Qwen3 that gives the same logits, with weights of its own.

    Raises ConfigError naming the setting that none of them has.
    """
    from transformers import AutoModelForCausalLM

    config = model.config
    if not isinstance(model, Transformer):
        raise ConfigError(f"architecture is {config.architecture!r}, but only transformers can be exported.")
    if config.qk_norm and not config.qk_norm_gain:
        raise ConfigError(
            "qk_norm is on, but neither GPT-2 nor Llama has it, and Qwen3's has gains: train with it off, or "
            "with qk_norm_gain, to export."
        )
    if config.positions == "rotary":
        theirs, pairs = AutoModelForCausalLM.from_config(config_to_llama(config)), llama_pairs
    else:
        theirs, pairs = AutoModelForCausalLM.from_config(config_to_gpt2(config)), gpt2_pairs
    nn.Module.to(theirs, device=model.embed.weight.device, dtype=model.embed.weight.dtype)
    copy_out(pairs(model), theirs.state_dict().__getitem__)
    return theirs.train(model.training)


def from_hf(hf_model: PreTrainedModel, n_ctx: int = 0) -> Transformer:
    """Return our transformer with copies of the weights of a GPT-2, Llama, Mistral, Qwen2 or Qwen3.

    n_ctx: a shorter context than the model's own; 0: its own. Raises ConfigError for other models, and for
    settings that ours has not.
    """
    model = blank_of(hf_model.config, n_ctx).to(device=hf_model.device, dtype=hf_model.dtype)
    copy_in(pairs_of(model, hf_model.config.model_type), hf_model.state_dict().__getitem__)
    return model.train(hf_model.training)


def our_config(hf_config: Any, n_ctx: int = 0) -> ModelConfig:
    """Return the settings by which our transformer is a model of theirs; see from_hf."""
    kind = hf_config.model_type
    if kind not in FAMILIES:
        raise ConfigError(f"model_type is {kind!r}, but only {', '.join(FAMILIES)} can be read.")
    config = FAMILIES[kind][0](hf_config)
    return dataclasses.replace(config, n_ctx=min(n_ctx or config.n_ctx, config.n_ctx))


def is_ours(hf_config: Any) -> bool:
    """Tell whether our transformer can be a model of these settings."""
    try:
        our_config(hf_config)
    except ConfigError:
        return False
    return True


def blank_of(hf_config: Any, n_ctx: int = 0) -> Transformer:
    """Return our transformer of their settings, its weights still to be filled in."""
    model = build_blank(our_config(hf_config, n_ctx))
    assert isinstance(model, Transformer)
    return model


def pairs_of(model: Transformer, kind: str) -> Iterator[Pair]:
    """Yield what holds the same numbers in our model and in one of theirs of a kind."""
    return FAMILIES[kind][1](model)
