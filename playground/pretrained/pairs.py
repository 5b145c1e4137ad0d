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

    @property
    def whole(self) -> Tensor:
        """The tensor of ours that this is, or is some rows of."""
        return self.ours if self.ours._base is None else self.ours._base

    def turned(self, other: Tensor) -> Tensor:
        """Return theirs as ours lies; raises ConfigError if it has another shape.

        What it returns is theirs itself, seen in another way, unless its numbers differ.
        """
        other = other.T if self.is_transposed else other
        other = other[: len(self.ours)] if self.may_be_longer else other
        if other.shape != self.ours.shape:
            shapes = f"{tuple(other.shape)}, but by the config it is {tuple(self.ours.shape)}"
            raise ConfigError(f"The shape of {self.name} is {shapes}.")
        return other if (self.factor, self.shift) == (1, 0) else (other - self.shift) / self.factor


@torch.no_grad()
def copy_in(pairs: Iterable[Pair], theirs: Callable[[str], Tensor]) -> None:
    """Copy their numbers into our tensors; raises ConfigError naming a tensor of another shape."""
    for pair in pairs:
        pair.ours.copy_(pair.turned(theirs(pair.name)))


@torch.no_grad()
def copy_out(pairs: Iterable[Pair], theirs: Callable[[str], Tensor]) -> None:
    """Copy our numbers into their tensors."""
    for pair in pairs:
        theirs(pair.name).copy_(pair.ours.T if pair.is_transposed else pair.ours)
        if (pair.factor, pair.shift) != (1, 0):
            theirs(pair.name).mul_(pair.factor).add_(pair.shift)
