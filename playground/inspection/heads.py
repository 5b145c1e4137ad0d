"""What a head is for, where one number tells: it looks one back, at the start, or after an earlier copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from playground.inspection.patterns import patterns_by_layer
from playground.inspection.reading import InspectionError, reading
from playground.models import Model

ROWS, LONGEST_SEGMENT = 4, 50
CLEAR = 0.4
"""A head that spends this share of its attention in one way is named after it."""


@dataclass(frozen=True)
class HeadScores:
    """Shares of a head's attention, averaged over a text, or over a random segment that is read twice."""

    layer: int
    head: int
    previous: float
    """On the token just before."""
    first: float
    """On the first token: where a head looks that has nothing to say."""
    induction: float
    """Of tokens that stood there before: on what followed them then (Olsson et al. 2022)."""

    @property
    def name(self) -> str:
        """Name what the head does, where it is clear; else nothing."""
        scores = {"previous-token": self.previous, "first-token": self.first, "induction": self.induction}
        best = max(scores, key=lambda name: scores[name])
        return best if scores[best] >= CLEAR else ""


def head_scores(model: Model, seed: int = 0) -> list[HeadScores]:
    """Return the scores of every head, by layer and head.

    On random tokens a copy can only be found by looking for it, not by knowing the language. Raises
    InspectionError for a model without attention, or whose context is too short to read a segment twice.
    """
    segment = min(model.config.n_ctx // 2, LONGEST_SEGMENT)
    if segment < 2:
        raise InspectionError(
            f"n_ctx = {model.config.n_ctx} is too short to score heads: it takes at least 4 tokens."
        )
    tokens = torch.randint(
        model.config.d_vocab, (ROWS, segment), generator=torch.Generator().manual_seed(seed)
    ).repeat(1, 2)
    with reading(model):
        layers = patterns_by_layer(model, tokens.to(next(model.parameters()).device))
        return [
            HeadScores(layer, head, *scores)
            for layer, patterns in enumerate(layers)
            for head, scores in enumerate(_scores(patterns, segment).T.tolist())
        ]


def text_head_scores(
    patterns: Float[Tensor, "layer head pos pos"], tokens: Sequence[int]
) -> list[HeadScores]:
    """Return the scores of every head on the text whose patterns these are; 0 where there is nothing to see.

    A copy far from the text that a model knows may find a head idle that is at work on such text.
    """
    row = torch.as_tensor(tokens)
    n = len(row)
    earlier = (row[:, None] == row).tril(-2)  # query i, copy j; what followed one just before is i itself
    followed = torch.zeros(n, n, dtype=torch.bool)
    followed[:, 1:] = earlier[:, :-1]
    repeated = followed.any(dim=1)
    after_copy = (patterns * followed).sum(dim=-1)[..., repeated]
    shares = (patterns.diagonal(-1, dim1=-2, dim2=-1), patterns[..., 1:, 0], after_copy)
    means = torch.stack([share.sum(dim=-1) / max(1, share.shape[-1]) for share in shares], dim=-1)
    return [
        HeadScores(layer, head, *scores)
        for layer, heads in enumerate(means.tolist())
        for head, scores in enumerate(heads)
    ]


def _scores(patterns: Float[Tensor, "batch head pos pos"], segment: int) -> Float[Tensor, "3 head"]:
    """Return each head's mean attention to the previous and the first token, and to what followed a copy."""
    previous = patterns.diagonal(-1, dim1=-2, dim2=-1)  # batch head pos-1
    first = patterns[..., 1:, 0]
    # The query at i, from `segment` on, has its copy at i - segment; what followed it is one later.
    after_copy = patterns.diagonal(1 - segment, dim1=-2, dim2=-1)[..., 1:]
    return torch.stack([share.mean(dim=(0, 2)) for share in (previous, first, after_copy)])
