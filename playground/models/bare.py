"""Transformers whose weights have no memory yet, and giving it to them: nothing is drawn before."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from playground.config import ModelConfig
from playground.models.transformer import Transformer


def build_bare(config: ModelConfig) -> Transformer:
    """Return a transformer whose weights are on the meta device, which has no memory."""
    with torch.device("meta"):
        model = Transformer(config)
    model.lay_tables()
    return model


def give_memory(model: nn.Module, weight_of: Callable[[nn.Parameter], Tensor]) -> None:
    """Put a tensor in the place of each parameter; those that are tied are asked for once, and stay so."""
    given: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, bare in list(module.named_parameters(recurse=False)):
            if id(bare) not in given:
                given[id(bare)] = nn.Parameter(weight_of(bare))
            setattr(module, name, given[id(bare)])
