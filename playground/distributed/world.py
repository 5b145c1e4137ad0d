"""What training asks of the processes around it, and the answers of a process that is alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.config import RunConfig

LossOf = Callable[..., Tensor]
"""(model, inputs, targets) to the sum of the cross entropies."""


class World:
    """One process by itself: it learns from whole batches, and has nobody to wait for."""

    rank, size = 0, 1
    members: tuple[dict[str, Any], ...] = ()
    """Host, process id and start time of every rank, where there are several."""

    def begin_step(self, seed: int, step: int) -> None:
        """Get ready for a step."""

    def loss(
        self,
        loss_of: LossOf,
        model: torch.nn.Module,
        inputs: Int[Tensor, "batch pos"],
        targets: Int[Tensor, "batch pos"],
        *,
        is_last: bool,
    ) -> Float[Tensor, ""]:
        """Return a loss whose average over all ranks is that of the whole batch; so are its gradients.

        These are averaged in the backward pass of the last part of a step.
        """
        return loss_of(model, inputs, targets)

    def average(self, value: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Return the average of a number over all ranks."""
        return value

    def total(self, *numbers: float) -> list[float]:
        """Return the sums of numbers over all ranks."""
        return list(numbers)

    def threads_each(self) -> int:
        """Return how many CPU threads each process should take; 0: it has the machine for itself."""
        return 0

    def check(self, config: RunConfig, device: torch.device) -> None:
        """Raise ConfigError if so many processes can't train this."""

    def cause_of(self, error: BaseException) -> BaseException:
        """Return the death of another process if that is what led to an error, else the error."""
        return error


ALONE = World()
