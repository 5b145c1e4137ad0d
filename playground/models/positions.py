"""How a model without recurrence knows where a token stands: waves that are added, or angles to turn by."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

QK_EPS = torch.finfo(torch.float32).eps
"""Smallest variance that normalised queries and keys without gains are divided by, in any precision."""


def sinusoids(n_ctx: int, d_model: int) -> Float[Tensor, "n_ctx d_model"]:
    """Return fixed positions of Vaswani et al. 2017: sine and cosine of the position at falling speeds."""
    angles = position_angles(n_ctx, d_model)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :d_model]


def rotations(n_ctx: int, d_head: int, base: float = 10_000.0) -> Float[Tensor, "2 n_ctx half_head"]:
    """Return cosine and sine of the angle by which each pair of a head turns at each position."""
    angles = position_angles(n_ctx, d_head, base)
    return torch.stack((angles.cos(), angles.sin()))


def position_angles(n_ctx: int, width: int, base: float = 10_000.0) -> Float[Tensor, "n_ctx half"]:
    """Return pos / base^(2i / width): the first pair turns fastest."""
    speeds = 1.0 / base ** (torch.arange(0, width, 2) / width)
    return torch.outer(torch.arange(n_ctx), speeds)


def rotate(
    heads: Float[Tensor, "batch head pos d_head"], turn: Float[Tensor, "2 #batch 1 pos half_head"]
) -> Float[Tensor, "batch head pos d_head"]:
    """Turn each pair of numbers by its position's angle (Su et al. 2021), so q·k depends on the distance."""
    cos, sin = turn
    first, second = heads.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)
