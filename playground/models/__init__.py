"""The models, each readable on its own, behind one interface.

`model(tokens)` returns logits; `model(tokens, cache)` goes on from what the cache has read, and
`model.new_cache(batch)` makes an empty one; `mask` says which tokens are real where rows are padded.
"""

from __future__ import annotations

import torch

from playground.config import ModelConfig
from playground.models.attention import Cache
from playground.models.bare import build_bare, give_memory
from playground.models.hf import HFModel, blank_hf
from playground.models.lstm import LSTM
from playground.models.stepping import Steps, build_stepper
from playground.models.transformer import Transformer

__all__ = [
    "LSTM",
    "Cache",
    "HFModel",
    "Model",
    "Steps",
    "Transformer",
    "build_bare",
    "build_blank",
    "build_model",
    "build_stepper",
]

Model = Transformer | LSTM | HFModel


def build_model(config: ModelConfig) -> Model:
    """Return a new model of the configured architecture; raises ConfigError if d_vocab is not known yet."""
    if config.architecture == "hf":
        return HFModel(config)
    return LSTM(config) if config.architecture == "lstm" else Transformer(config)


def build_blank(config: ModelConfig) -> Model:
    """Return a model like build_model's whose weights are still to be filled in."""
    if config.architecture == "hf":
        return blank_hf(config)
    if config.architecture == "lstm":
        return LSTM(config)
    model = build_bare(config)
    give_memory(model, lambda weight: torch.empty(weight.shape))
    return model
