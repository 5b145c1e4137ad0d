"""Perplexity and bits per byte of any text, read in windows a stride apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from playground.config import ConfigError
from playground.inspection.reading import reading
from playground.inspection.scores import LOGITS_AT_ONCE, TOKENS_AT_ONCE
from playground.models import Model
from playground.tokenizers import Tokenizer


@dataclass(frozen=True)
class TextLoss:
    """The loss of a whole text."""

    total_nats: float
    n_tokens: int
    """Tokens that were predicted."""
    n_bytes: int
    """Their bytes."""
    stride: int
    """Tokens that each window but the first adds; the others are what it sees before them."""
    n_windows: int

    @property
    def nats(self) -> float:
        """The mean loss, in nats per token."""
        return self.total_nats / self.n_tokens

    @property
    def perplexity(self) -> float:
        """e to the mean loss: infinite where that is too large for a number."""
        return math.exp(self.nats) if self.nats < 700 else math.inf

    @property
    def bits_per_byte(self) -> float | None:
        """Comparable across tokenizers; None where the predicted tokens have no bytes."""
        return self.total_nats / math.log(2) / self.n_bytes if self.n_bytes else None


def tokens_of(tokenizer: Tokenizer, documents: Iterable[str], whole_documents: bool) -> list[int]:
    """Return a text as one row of tokens, with the end token, if there is one, before and between documents.

    So the first token of a document is predicted too, as in training.
    """
    end = [] if tokenizer.end_id is None else [tokenizer.end_id]
    tokens = list(end)
    for document in documents:
        tokens += map(int, tokenizer.encode(document))
        tokens += end if whole_documents else []
    return tokens


def text_loss(
    model: Model,
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    stride: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> TextLoss:
    """Return the loss of every token but the first, each predicted once.

    The text is read in windows of n_ctx tokens whose ends are `stride` apart (0: half of n_ctx): every token
    beyond the first window sees at least n_ctx - stride tokens before it. A smaller stride gives a lower
    loss, and takes longer. `report` is told tokens done and in all, and may raise to cancel. Raises
    ConfigError for a text of fewer than two tokens, or a stride out of range.
    """
    n_ctx = model.config.n_ctx
    stride = stride or max(1, n_ctx // 2)
    if not 1 <= stride <= n_ctx:
        raise ConfigError(f"stride must be from 1 to the model's context of {n_ctx}, but it is {stride}.")
    if len(tokens) < 2:
        raise ConfigError("There is nothing to measure: the text has fewer than two tokens of this model.")
    row = torch.as_tensor(tokens, dtype=torch.long)
    total, n_done, n_windows = 0.0, 0, 0
    with reading(model):
        for group in _groups(len(row) - 1, n_ctx, stride):
            losses = _losses(model, row, group)
            total += float(losses.sum(dtype=torch.float64))
            n_done, n_windows = n_done + len(losses), n_windows + len(group)
            report(n_done, len(row) - 1)
    n_bytes = sum(len(tokenizer.piece(int(token))) for token in tokens[1:])
    return TextLoss(total, n_done, n_bytes, stride, n_windows)


Window = tuple[int, int, int]
"""Where it begins, the first position that is scored in it, and where it ends."""


def _groups(n: int, n_ctx: int, stride: int) -> Iterator[list[Window]]:
    """Yield windows over n positions, those of one length together, few enough for one batch."""
    at_once, group, done = max(1, TOKENS_AT_ONCE // n_ctx), [], 0
    while done < n:
        end = min(done + stride if done else n_ctx, n)
        group.append((max(0, end - n_ctx), done, end))
        done = end
        if len(group) == at_once:
            yield group
            group = []
    if group:
        yield group


def _losses(model: Model, row: Int[Tensor, " text"], group: list[Window]) -> Float[Tensor, " scored"]:
    """Return -ln p of what follows each scored position."""
    device = next(model.parameters()).device
    windows = torch.stack([row[start:end] for start, _, end in group]).to(device)
    hidden = model.hidden(windows)
    scored = torch.cat([rows[first - start :] for rows, (start, first, _) in zip(hidden, group, strict=True)])
    following = torch.cat([row[first + 1 : end + 1] for _, first, end in group]).to(device)
    n = max(1, LOGITS_AT_ONCE // model.config.d_vocab)
    pieces = zip(scored.split(n), following.split(n), strict=True)
    return torch.cat(
        [F.cross_entropy(model.unembed(piece), right, reduction="none") for piece, right in pieces]
    )
