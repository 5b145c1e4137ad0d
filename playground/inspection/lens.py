"""The logit lens: the unembedding applied after every layer (nostalgebraist 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.inspection.reading import as_one_window, hidden_by_layer, reading
from playground.models import Model


@dataclass(frozen=True)
class LogitLens:
    """What a model would expect if it ended early: after the embedding, after layer 1, …, after all."""

    top: Int[Tensor, "stage pos"]
    """The most likely next token."""
    probability: Float[Tensor, "stage pos"]
    """Its probability."""
    right: Float[Tensor, "stage next"]
    """Probability of the token that does come next."""
    entropy: Float[Tensor, "stage pos"]
    """Of the whole distribution, in nats."""


def logit_lens(model: Model, tokens: Sequence[int]) -> LogitLens:
    """Return the prediction after every layer, for a text of at most n_ctx tokens.

    The last stage is the model's own prediction. Raises InspectionError for an empty or too long text.
    """
    with reading(model):
        row = as_one_window(model, tokens)
        stages = [_look(model, hidden[0], row[0, 1:]) for hidden in hidden_by_layer(model, row)]
    return LogitLens(*(torch.stack(parts).cpu() for parts in zip(*stages, strict=True)))


def _look(
    model: Model, hidden: Float[Tensor, "pos d_model"], following: Int[Tensor, " next"]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    probs = model.unembed(hidden).softmax(dim=-1)
    best = probs.max(dim=-1)
    right = probs[:-1].gather(1, following[:, None])[:, 0]
    return best.indices, best.values, right, torch.special.entr(probs).sum(dim=-1)
