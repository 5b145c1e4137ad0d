"""Tensors of ours and of a Hugging Face model that hold the same numbers, and copying between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from playground.config import ConfigError


@dataclass(frozen=True)
class Pair:
    """A tensor of ours, often a part of a larger one, and the name of theirs."""

    ours: Tensor
    name: str
    is_transposed: bool = False
    """Theirs holds the transpose."""
    may_be_longer: bool = False
    """Theirs may have more rows, as where a context is cut short."""
    factor: float = 1.0
    """Theirs holds our numbers times this,"""
    shift: float = 0.0
    """and plus this."""


@torch.no_grad()
def copy_in(pairs: Iterable[Pair], theirs: Callable[[str], Tensor]) -> None:
    """Copy their numbers into our tensors; raises ConfigError naming a tensor of another shape."""
    for pair in pairs:
        other = theirs(pair.name)
        other = other.T if pair.is_transposed else other
        other = other[: len(pair.ours)] if pair.may_be_longer else other
        if other.shape != pair.ours.shape:
            shapes = f"{tuple(other.shape)}, but by the config it is {tuple(pair.ours.shape)}"
            raise ConfigError(f"The shape of {pair.name} is {shapes}.")
        pair.ours.copy_(other)
        if (pair.factor, pair.shift) != (1, 0):
            pair.ours.sub_(pair.shift).div_(pair.factor)


@torch.no_grad()
def copy_out(pairs: Iterable[Pair], theirs: Callable[[str], Tensor]) -> None:
    """Copy our numbers into their tensors."""
    for pair in pairs:
        theirs(pair.name).copy_(pair.ours.T if pair.is_transposed else pair.ours)
        if (pair.factor, pair.shift) != (1, 0):
            theirs(pair.name).mul_(pair.factor).add_(pair.shift)
