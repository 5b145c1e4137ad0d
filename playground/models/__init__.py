"""The models, each readable on its own, behind one interface.

`model(tokens)` returns logits; `model(tokens, cache)` goes on from what the cache has read, and
`model.new_cache(batch)` makes an empty one; `mask` says which tokens are real where rows are padded.
"""

from __future__ import annotations

from playground.config import ModelConfig
from playground.models.attention import Cache
from playground.models.lstm import LSTM
from playground.models.stepping import Steps, build_stepper
from playground.models.transformer import Transformer

__all__ = ["LSTM", "Cache", "Model", "Steps", "Transformer", "build_model", "build_stepper"]

Model = Transformer | LSTM


def build_model(config: ModelConfig) -> Model:
    """Return a new model of the configured architecture; raises ConfigError if d_vocab is not known yet."""
    return LSTM(config) if config.architecture == "lstm" else Transformer(config)
