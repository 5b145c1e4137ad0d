"""Batches of tokens for training, and the fixed sample of them for validation."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

Tokens = NDArray[np.integer]


def get_batch(
    tokens: Tokens,
    batch_size: int,
    n_ctx: int,
    device: torch.device | str,
    generator: torch.Generator | None = None,
) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
    """Draw random windows of n_ctx tokens, and the same windows one token on as the targets.

    Every window that fits is equally likely. Raises ValueError if there is none.
    """
    choices = len(tokens) - n_ctx
    if choices < 1:
        raise ValueError(
            f"There are {len(tokens)} tokens, too few for one context of n_ctx = {n_ctx} and a target."
        )
    starts = torch.randint(choices, (batch_size,), generator=generator).tolist()
    return windows(tokens, starts, n_ctx, device)


def windows(
    tokens: Tokens, starts: list[int], n_ctx: int, device: torch.device | str
) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
    """Return the windows of n_ctx tokens from each start, and their targets, both long."""
    rows = np.stack([tokens[start : start + n_ctx + 1] for start in starts]).astype(np.int64)
    batch = torch.from_numpy(rows).to(device, non_blocking=True)
    return batch[:, :-1], batch[:, 1:]


def evaluation_starts(n_tokens: int, n_sequences: int, n_ctx: int) -> list[int]:
    """Return where the validation windows begin: always the same, evenly spread, never overlapping."""
    fitting = (n_tokens - 1) // n_ctx
    count = min(n_sequences, fitting)
    return [i * fitting // count * n_ctx for i in range(count)]
