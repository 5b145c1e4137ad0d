"""What an n-gram model expects after each position of a text: whole distributions, not one token's share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from playground.mixing import bucket
from playground.ngram_counts import Found, Level, Probabilities
from playground.ngrams import NgramModel
from playground.token_files import refuse_beyond

BLOCK_NUMBERS = 1 << 20
"""Probabilities of a table that are worked out together: 8 MiB."""


def next_token_tables(model: NgramModel, tokens: NDArray[np.integer], max_order: int) -> NDArray[np.float32]:
    """Return p of every next token after each position, for orders 1 to max_order.

    Shape (orders, len(tokens), d_vocab); the first positions have shorter contexts, and there are fewer
    orders if the model has fewer. What `NgramModel.log_probs_by_order` says of one token, for all of them.
    Raises ValueError for an id that is not in the vocabulary.
    """
    refuse_beyond(tokens, model.counts.d_vocab)
    orders = [_Order(model, order, tokens) for order in range(1, min(max_order, len(model.tuning)) + 1)]
    found = np.empty((len(orders), len(tokens), model.counts.d_vocab), dtype=np.float32)
    size = max(1, BLOCK_NUMBERS // model.counts.d_vocab)
    for begin in range(0, len(tokens), size):
        rows = slice(begin, begin + size)
        found[:, rows] = list(_climb(orders, rows, model.counts.d_vocab))
    return found


def _climb(orders: list[_Order], rows: slice, d_vocab: int) -> Iterator[Probabilities]:
    """Yield the tables of some positions, each order built on the one below."""
    n_rows = len(orders[0].contexts[rows])
    continuation = dirichlet = mixed = np.full(n_rows * d_vocab, 1.0 / d_vocab)
    for order in orders:
        found = order.find(rows)
        kneser_ney = order.level.kneser_ney(found, continuation)
        dirichlet = order.level.dirichlet(found, dirichlet, order.tuning.strength)
        weights = np.array(order.tuning.weights)[bucket(order.level.seen(found)[1])]
        higher = (weights * np.stack((kneser_ney, dirichlet, mixed), axis=1)).sum(axis=1)
        mixed = np.where(np.repeat(order.is_known[rows], d_vocab), higher, mixed)
        if order.continuations is not None:
            continuation = order.continuations.kneser_ney(found, continuation)
        yield mixed.reshape(n_rows, d_vocab)


class _Order:
    """One order of a model, and which of its contexts stands before the next token at each position."""

    def __init__(self, model: NgramModel, order: int, tokens: NDArray[np.integer]) -> None:
        counts = model.counts
        self.tuning, self.level, self.d_vocab = (
            model.tuning[order - 1],
            counts.levels[order - 1],
            counts.d_vocab,
        )
        self.continuations: Level | None = None
        if order < counts.max_order:
            self.continuations = counts.continuations[order - 1]
        self.is_known = np.arange(len(tokens)) >= order - 2
        """Where there are enough tokens before; elsewhere the order below has the last word."""
        self.contexts = _contexts(model, order, tokens)
        self.last, self.edges = counts.keys[order - 1] % counts.d_vocab, counts.rows[order - 1]

    def find(self, rows: slice) -> Found:
        """Return where every next token stands after some positions, one position after the other."""
        contexts = self.contexts[rows]
        places = np.full((len(contexts), self.d_vocab), -1)
        for row, context in zip(places, contexts, strict=True):
            if context >= 0:
                runs = np.arange(self.edges[context], self.edges[context + 1])
                row[self.last[runs]] = runs
        return Found(places.ravel(), np.repeat(contexts, self.d_vocab))


def _contexts(model: NgramModel, order: int, tokens: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the number of the order - 1 tokens that end at each position, -1 where they were never seen."""
    if order == 1:
        return np.zeros(len(tokens), dtype=np.int64)
    contexts = np.full(len(tokens), -1, dtype=np.int64)
    for length, found in enumerate(model.counts.locate(tokens), start=1):
        if length == order - 1:
            contexts[length - 1 :] = found.places
    return contexts
