"""What a preset is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from playground.config import ModelConfig, RunConfig
from playground.config.data import Batches

EARLY_EVALS = 8
"""At steps 1, 2, 3, 5, 7, 11 and 17 with one every 25 steps: that is when token frequencies are learned."""


@dataclass(frozen=True)
class Preset:
    """A config with a name, and what to look for when it trains."""

    name: str
    title: str
    look_for: str
    config: RunConfig


def like_gpt2(**shape: Any) -> ModelConfig:
    """Return the shape of a model that is built as GPT-2 is, but for what is given."""
    own: dict[str, Any] = {
        "positions": "learned",
        "norm": "layernorm",
        "activation": "gelu_tanh",
        "bias": True,
    }
    own |= {"qk_norm": False, "init": "gpt2"}
    return ModelConfig(**(own | shape))


def make_preset(
    name: str, title: str, look_for: str, tokenizer: str, *, batches: Batches = "packed", **parts: Any
) -> Preset:
    """Return a preset on the default text, cut by this tokenizer."""
    base = RunConfig(**parts)
    train = dataclasses.replace(base.train, early_evals=EARLY_EVALS)
    data = dataclasses.replace(base.data, tokenizer=tokenizer, batches=batches)
    return Preset(name, title, look_for, dataclasses.replace(base, data=data, train=train, preset=name))
