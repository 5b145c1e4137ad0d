"""Weights in one block of memory that the system may map in large pages.

A token alone reads every weight once: with pages of 4 kB, much of the time goes into looking up where they
are. NumPy asks the system for large pages where it has them; PyTorch does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from playground.config import ModelConfig
from playground.models import Model, build_blank
from playground.models.bare import build_bare, give_memory

AnyModel = TypeVar("AnyModel", bound=Model)
ALIGNED = 64
"""Bytes: a line of the processor's cache."""


def blank_in_large_pages(config: ModelConfig) -> Model:
    """Return a model like build_blank's, its weights in one block where it is a transformer."""
    if config.architecture != "transformer":
        return build_blank(config)
    model = build_bare(config)
    places = dict(zip(map(id, model.parameters()), _places(list(model.parameters())), strict=True))
    give_memory(model, lambda weight: places[id(weight)])
    return model


@torch.no_grad()
def in_large_pages(model: AnyModel) -> AnyModel:
    """Move the weights of a model on the CPU into one block, if they are alike in kind; return the model."""
    parameters = list(model.parameters())
    kinds = {(p.device.type, p.dtype) for p in parameters}
    if kinds in ({("cpu", torch.float32)}, {("cpu", torch.float64)}):
        for p, place in zip(parameters, _places(parameters), strict=True):
            p.data = place.copy_(p)
    return model


def _places(parameters: Sequence[Tensor]) -> Iterator[Tensor]:
    """Yield a part of one block for each parameter."""
    size = parameters[0].element_size()
    rooms = [-(-p.numel() * size // ALIGNED) * ALIGNED for p in parameters]
    block = torch.from_numpy(np.empty(sum(rooms), np.uint8))
    for p, own in zip(parameters, block.split(rooms), strict=True):
        yield own[: p.numel() * size].view(p.dtype).view(p.shape)
