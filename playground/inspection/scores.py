"""Token by token: how surprising each token was, and what was expected instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.inspection.reading import as_row, reading
from playground.inspection.windows import windows
from playground.models import Model

TOKENS_AT_ONCE = 4096
"""Read in one batch, at most; at least one window."""

LOGITS_AT_ONCE = 4_000_000
"""A large vocabulary is unembedded piece by piece, so that memory does not grow with the text."""


@dataclass(frozen=True)
class TokenScores:
    """What a model makes of a text. Position i has read token i and expects token i + 1."""

    loss: Float[Tensor, " next"]
    """-ln p of each token but the first, in nats."""
    rank: Int[Tensor, " next"]
    """Its place among all tokens by probability, from 1; tied tokens share the better place."""
    entropy: Float[Tensor, " pos"]
    """Of what is expected after each position, in nats."""
    top: Int[Tensor, "pos top"]
    """The most likely next tokens after each position, best first."""
    top_probability: Float[Tensor, "pos top"]
    """Their probabilities."""
    log_z: Float[Tensor, " pos"]
    """ln of the sum of exp(logit) over the vocabulary: a logit is ln p + log_z."""
    n_windows: int
    """How many windows the text was read in; 1 for a text within the context."""


def score_tokens(model: Model, tokens: Sequence[int], n_top: int = 10) -> TokenScores:
    """Read a text and return what was expected at each position.

    A text longer than the context is read in windows (see `windows`). Raises InspectionError for one without
    tokens.
    """
    with reading(model):
        row = as_row(model, tokens)
        hidden, n_windows = _hidden(model, row)
        rows = max(1, LOGITS_AT_ONCE // model.config.d_vocab)
        following = torch.cat((row[1:], row[:1]))  # nothing follows the last: its score is dropped
        pieces = zip(hidden.split(rows), following.split(rows), strict=True)
        scored = [_score(model.unembed(piece), right, n_top) for piece, right in pieces]
    loss, rank, entropy, top, top_probability, log_z = (
        torch.cat(parts).cpu() for parts in zip(*scored, strict=True)
    )
    return TokenScores(loss[:-1], rank[:-1], entropy, top, top_probability, log_z, n_windows)


def _hidden(model: Model, row: Int[Tensor, " pos"]) -> tuple[Float[Tensor, "pos d_model"], int]:
    """Return what is unembedded at each position, and the number of windows."""
    found = windows(len(row), model.config.n_ctx)
    at_once = max(1, TOKENS_AT_ONCE // model.config.n_ctx)
    parts = []
    for group in (found[i : i + at_once] for i in range(0, len(found), at_once)):
        hidden = model.hidden(torch.stack([row[window.start : window.end] for window in group]))
        own = zip(hidden, group, strict=True)
        parts += [rows[window.first - window.start :] for rows, window in own]
    return torch.cat(parts), len(found)


def _score(
    logits: Float[Tensor, "pos d_vocab"], right: Int[Tensor, " pos"], n_top: int
) -> tuple[Tensor, ...]:
    """Return loss, rank, entropy, top, its probabilities and log_z at each position."""
    log_z = logits.logsumexp(dim=-1)
    log_probs = logits - log_z[:, None]
    of_right = log_probs.gather(1, right[:, None])
    top = log_probs.topk(min(n_top, log_probs.shape[1]))
    entropy = torch.special.entr(log_probs.exp()).sum(dim=-1)
    rank = (log_probs > of_right).sum(dim=-1) + 1
    return -of_right[:, 0], rank, entropy, top.indices, top.values.exp(), log_z
