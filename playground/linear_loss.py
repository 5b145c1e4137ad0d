"""Cross entropy straight from the stream before the unembedding: the logits are never all there at once.

With GPT-2's 50,257 tokens the logits of a batch, their softmax and their gradient are by far the largest
tensors of a step. Here they live for a few rows at a time, and each row's gradient is taken at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from playground.dataset import NO_TARGET

CHUNK_NUMBERS = 1 << 23
"""Logits held at a time: 32 MiB in float32."""


def linear_cross_entropy(
    hidden: Float[Tensor, "*batch d_model"],
    weight: Float[Tensor, "d_vocab d_model"] | None,
    targets: Int[Tensor, "*batch"],
) -> Float[Tensor, ""]:
    """Return the sum of the cross entropies, in nats, of hidden @ weight.T at all real targets.

    Without a weight, `hidden` are the logits. Under autocast the products are computed in its precision, and
    the softmax in float32.
    """
    hidden, targets = hidden.flatten(0, -2), targets.flatten()
    if weight is None:
        logits = hidden.to(torch.promote_types(hidden.dtype, torch.float32))
        return F.cross_entropy(logits, targets, ignore_index=NO_TARGET, reduction="sum")
    return _LinearCrossEntropy.apply(hidden, weight, targets, _product_dtype(hidden))


@torch.no_grad()
def score(
    hidden: Float[Tensor, "*batch d_model"],
    weight: Float[Tensor, "d_vocab d_model"] | None,
    targets: Int[Tensor, "*batch"],
) -> tuple[Float[Tensor, "*batch"], int]:
    """Return the cross entropies, 0 without a target, and at how many the likeliest token was right."""
    shape, hidden, targets = targets.shape, hidden.flatten(0, -2), targets.flatten()
    dtype = _product_dtype(hidden)
    hidden, weight = hidden.to(dtype), None if weight is None else weight.to(dtype)
    losses, correct = [], 0
    for rows in _chunks(len(targets), hidden.shape[-1] if weight is None else len(weight)):
        logits = _logits(hidden[rows], weight)
        losses.append(F.cross_entropy(logits, targets[rows], reduction="none"))
        correct += int((logits.argmax(dim=-1) == targets[rows]).sum())
    return torch.cat(losses).reshape(shape), correct


class _LinearCrossEntropy(torch.autograd.Function):
    """The gradient is softmax(logits) - onehot(target); forward already takes it, backward scales it."""

    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, targets: Tensor, dtype: torch.dtype) -> Tensor:
        h, w = hidden.to(dtype), weight.to(dtype)
        total = torch.zeros((), dtype=torch.promote_types(dtype, torch.float32), device=hidden.device)
        hidden_grad = torch.empty_like(hidden)
        weight_grad = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None  # not of a frozen one
        for rows in _chunks(len(h), len(w)):
            logits, real = _logits(h[rows], w), (targets[rows] != NO_TARGET).unsqueeze(1)
            wanted = targets[rows].clamp(min=0).unsqueeze(1)
            log_sum = logits.logsumexp(dim=-1, keepdim=True)
            total += ((log_sum - logits.gather(1, wanted)) * real).sum()
            probabilities = logits.sub_(log_sum).exp_()
            wrong = probabilities.scatter_add_(1, wanted, -torch.ones_like(log_sum)).mul_(real).to(dtype)
            hidden_grad[rows] = wrong @ w
            if weight_grad is not None:
                weight_grad += wrong.mT @ h[rows]
        ctx.save_for_backward(hidden_grad, weight_grad)
        return total

    @staticmethod
    def backward(ctx, *grad_outputs: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        (scale,) = grad_outputs
        hidden_grad, weight_grad = ctx.saved_tensors
        return hidden_grad * scale, None if weight_grad is None else weight_grad * scale, None, None


def _product_dtype(x: Tensor) -> torch.dtype:
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


def _logits(hidden: Tensor, weight: Tensor | None) -> Tensor:
    """Return the logits of some rows, in float32 or finer."""
    logits = hidden if weight is None else hidden @ weight.mT
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _chunks(n_rows: int, d_vocab: int) -> Iterator[slice]:
    """Yield slices of as many rows as may be held at a time."""
    size = max(1, CHUNK_NUMBERS // d_vocab)
    for begin in range(0, n_rows, size):
        yield slice(begin, begin + size)
