"""Muon: momentum whose matrix is made orthogonal before the step, many small matrices at a time.

Keller Jordan et al. 2024, https://kellerjordan.github.io/posts/muon. It equals `torch.optim.Muon`, which
takes one matrix after another: on the small models of the playground much of that time would be overhead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from playground.config import ConfigError
from playground.config.train import Precision
from playground.devices import uses_bfloat16

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""a, b, c of a singular value's way to 1: s becomes a s + b s³ + c s⁵."""

ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay, for matrices inside a model.

    A group may have `rows`: each of its parameters holds several matrices under each other, of so many rows
    (queries, keys and values in one), and each is made orthogonal by itself, in the given precision.
    Raises ConfigError for settings out of range and for parameters that are no matrices.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        precision: Precision = "auto",
    ) -> None:
        if lr < 0 or weight_decay < 0 or not 0 <= momentum < 1:
            raise ConfigError(
                "Muon needs lr and weight_decay of at least 0 and a momentum from 0 to under 1, "
                f"but they are {lr}, {weight_decay} and {momentum}."
            )
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "rows": None}
        super().__init__(params, defaults)
        self.precision: Precision = precision
        for p in (p for group in self.param_groups for p in group["params"]):
            if p.dim() != 2:
                raise ConfigError(f"Muon moves matrices, but one tensor has the shape {tuple(p.shape)}.")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every matrix along its orthogonal momentum; return the closure's loss, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        by_shape = defaultdict(list)
        for group in self.param_groups:
            for matrix, direction in self._directions(group):
                by_shape[min(matrix.shape), max(matrix.shape)].append((matrix, direction, group["lr"]))
        for moves in by_shape.values():
            _move(moves, self.precision)
        return loss

    def _directions(self, group: dict) -> Iterator[tuple[Tensor, Tensor]]:
        """Decay the group's parameters, update their momentum, and yield every matrix with its direction."""
        parameters = [p for p in group["params"] if p.grad is not None]
        if not parameters:
            return
        grads = [p.grad for p in parameters]
        for p in parameters:
            if "momentum_buffer" not in self.state[p]:
                self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        buffers = [self.state[p]["momentum_buffer"] for p in parameters]
        torch._foreach_lerp_(buffers, grads, 1 - group["momentum"])
        directions = torch._foreach_lerp(grads, buffers, group["momentum"])
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        for p, direction in zip(parameters, directions, strict=True):
            rows = group["rows"] or [p.shape[0]]
            yield from zip(p.split(rows), direction.split(rows), strict=True)


def _move(moves: list[tuple[Tensor, Tensor, float]], precision: Precision) -> None:
    """Move matrices of one shape, or of its transpose, against their directions made orthogonal."""
    wide = torch.stack([d if d.shape[0] <= d.shape[1] else d.mT for _, d, _ in moves])
    for (matrix, _, lr), update in zip(moves, orthogonal(wide, precision), strict=True):
        tall = matrix.shape[0] > matrix.shape[1]
        ratio = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
        matrix.add_(update.mT if tall else update, alpha=-lr * ratio)


def orthogonal(
    matrices: Float[Tensor, "batch m n"], precision: Precision = "auto"
) -> Float[Tensor, "batch m n"]:
    """Return the matrices (m at most n) with every singular value near 1, by Newton-Schulz iterations.

    bfloat16 is as good for this, and is used in place of float32 where it is fast, unless float32 is asked
    for: rounded gradients differ by the order of sums, which the iterations carry into every loss by 1e-3.
    """
    a, b, c = COEFFICIENTS
    half = matrices.dtype == torch.float32 and uses_bfloat16(matrices.device, precision)
    x = matrices.bfloat16() if half else matrices
    x = x / torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.to(matrices.dtype)
