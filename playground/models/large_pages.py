"""Weights in one block of memory that the system may map in large pages.

A token alone reads every weight once: with pages of 4 kB, much of the time goes into looking up where they
are. NumPy asks the system for large pages where it has them; PyTorch does not.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch

from playground.models import Model

AnyModel = TypeVar("AnyModel", bound=Model)
ALIGNED = 64
"""Bytes: a line of the processor's cache."""


@torch.no_grad()
def in_large_pages(model: AnyModel) -> AnyModel:
    """Move the weights of a model on the CPU into one block, if they are alike in kind; return the model."""
    parameters = list(model.parameters())
    kinds = {(p.device.type, p.dtype) for p in parameters}
    if kinds not in ({("cpu", torch.float32)}, {("cpu", torch.float64)}):
        return model
    size = parameters[0].element_size()
    rooms = [-(-p.numel() * size // ALIGNED) * ALIGNED for p in parameters]
    block = torch.from_numpy(np.empty(sum(rooms), np.uint8))
    for p, own in zip(parameters, block.split(rooms), strict=True):
        place = own[: p.numel() * size].view(p.dtype).view(p.shape)
        p.data = place.copy_(p)
    return model
