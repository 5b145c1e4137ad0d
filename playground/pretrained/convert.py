"""Between the playground's transformer and those of Hugging Face that have the same shape."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import nn

from playground.config import ConfigError, ModelConfig
from playground.models import HFModel, Model, Transformer, build_blank
from playground.pretrained.gpt2 import config_from_gpt2, config_to_gpt2, gpt2_pairs
from playground.pretrained.llama import config_from_llama, config_to_llama, llama_pairs
from playground.pretrained.pairs import Pair, copy_in, copy_out
from playground.pretrained.relatives import (
    NORMS as RELATIVES,
)
from playground.pretrained.relatives import config_from_relative, config_to_relative, relative_pairs
from playground.pretrained.shapes import shape_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Family = tuple[Callable[[Any], ModelConfig], Callable[[Transformer], Iterator[Pair]]]

FAMILIES: dict[str, Family] = {
    "gpt2": (config_from_gpt2, gpt2_pairs),
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), (config_from_llama, llama_pairs)),
    **{kind: (config_from_relative, partial(relative_pairs, kind=kind)) for kind in RELATIVES},
}
"""How the settings of each model_type are read, and which tensors are the same."""

CONFIGS: dict[str, Callable[[ModelConfig], Any]] = {
    "gpt2": config_to_gpt2,
    **dict.fromkeys(("llama", "qwen2", "qwen3"), config_to_llama),
    **{kind: partial(config_to_relative, kind=kind) for kind in RELATIVES},
}
"""How settings of ours are those of a model_type that has the shape."""


def to_hf(model: Model) -> PreTrainedModel:
    """Return the model of transformers that gives the same logits, with weights of its own.

    Raises ConfigError if no class there has its shape, with the nearest that can be had.
    """
    from transformers import AutoModelForCausalLM

    if isinstance(model, HFModel):
        return copy.deepcopy(model.body)
    kind = shape_of(model.config).kind
    assert isinstance(model, Transformer)
    theirs = AutoModelForCausalLM.from_config(CONFIGS[kind](model.config))
    nn.Module.to(theirs, device=model.embed.weight.device, dtype=model.embed.weight.dtype)
    copy_out(pairs_of(model, kind), theirs.state_dict().__getitem__)
    return theirs.train(model.training)


def from_hf(hf_model: PreTrainedModel, n_ctx: int = 0) -> Transformer:
    """Return our transformer with copies of the weights of a model of theirs, of the kinds in FAMILIES.

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
