"""A text's loss in the three units, and what counting scores on the same tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from playground.baselines import ORDER_NAMES
from playground.ngrams import NgramModel
from playground.tokenizers import Tokenizer


@dataclass(frozen=True)
class Totals:
    """The mean loss of a text."""

    nats: float
    """Per predicted token."""
    bits_per_byte: float | None
    """None where the predicted tokens have no bytes."""
    perplexity: float


def totals(loss: ArrayLike, n_bytes: int) -> Totals | None:
    """Return the mean of -ln p in nats, bits per byte and perplexity; None where nothing was predicted."""
    loss = np.asarray(loss, dtype=np.float64)
    if not len(loss):
        return None
    bits = float(loss.sum()) / math.log(2)
    return Totals(float(loss.mean()), bits / n_bytes if n_bytes else None, float(np.exp(loss.mean())))


def predicted_bytes(tokenizer: Tokenizer, tokens: Sequence[int]) -> int:
    """Return the bytes of all tokens but the first, which nothing predicts."""
    return sum(len(tokenizer.piece(token)) for token in tokens[1:])


def ngram_losses(ngrams: NgramModel, tokens: Sequence[int]) -> dict[str, NDArray[np.floating]]:
    """Return -ln p of each token but the first by order's name, shortest context first, in nats."""
    by_order = ngrams.log_probs_by_order(np.asarray(tokens, dtype=np.int64))
    return {name: -log_probs[1:] for name, log_probs in zip(ORDER_NAMES, by_order, strict=False)}


def strongest(held_out: Mapping[str, float], names: Sequence[str]) -> str:
    """Return which of the n-gram models is best on held-out text; the longest of them where nothing tells."""
    scored = [name for name in names if name in held_out]
    return min(scored, key=lambda name: held_out[name]) if scored else names[-1]
