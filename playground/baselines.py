"""What counting alone can do: the entropies that a learning model's loss falls through.

Two kinds, which must not be mixed:

- *in sample*: the plug-in entropy of the training tokens, for the training loss. On a small text
  with a large vocabulary it is far too low for a fair comparison with unseen text.
- *held out*: what a smoothed n-gram model fitted on the training tokens scores on the validation
  tokens, for the validation loss.

All in nats per token.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Candidates for how many pseudo-counts the lower order is worth."""

TUNING_SHARE = 0.1
"""Share of the training tokens on which the strengths are chosen."""


def uniform_entropy(d_vocab: int) -> float:
    """Return ln(d_vocab): the loss of a model that finds all tokens equally likely."""
    return math.log(d_vocab)


def unigram_entropy(tokens: ArrayLike, d_vocab: int) -> float:
    """Return the plug-in entropy of the token frequencies, -sum p ln p, in nats."""
    counts = np.bincount(_as_tokens(tokens, 1), minlength=d_vocab)
    return _plug_in_entropy(counts)


def bigram_entropy(tokens: ArrayLike, d_vocab: int) -> float:
    """Return the plug-in entropy of a token given the one before, over all pairs of neighbours, in nats."""
    return conditional_entropy(tokens, d_vocab, order=2)


def trigram_entropy(tokens: ArrayLike, d_vocab: int) -> float:
    """Return the plug-in entropy of a token given the two before, over all triples, in nats."""
    return conditional_entropy(tokens, d_vocab, order=3)


def conditional_entropy(tokens: ArrayLike, d_vocab: int, order: int) -> float:
    """Return H(joint of `order` tokens) - H(its first order - 1), both over the same positions."""
    tokens = _as_tokens(tokens, order)
    keys, counts = count_ngrams(tokens, d_vocab, order)
    contexts = _group_sums(keys // d_vocab, counts)
    return max(0.0, _plug_in_entropy(counts) - _plug_in_entropy(contexts))


def _as_tokens(tokens: ArrayLike, at_least: int) -> NDArray[np.integer]:
    array = np.asarray(tokens)
    if array.size < at_least:
        raise ValueError(f"Counting runs of {at_least} tokens needs as many, but there are {array.size}.")
    return array


def _plug_in_entropy(counts: NDArray[np.integer]) -> float:
    seen = counts[counts > 0].astype(np.float64)
    total = seen.sum()
    return float(math.log(total) - (seen * np.log(seen)).sum() / total)


def _group_sums(sorted_keys: NDArray, counts: NDArray) -> NDArray:
    """Add up the counts of equal neighbours in a sorted array of keys."""
    starts = np.flatnonzero(np.concatenate(([True], sorted_keys[1:] != sorted_keys[:-1])))
    return np.add.reduceat(counts, starts)


def ngram_keys(tokens: NDArray[np.integer], d_vocab: int, order: int) -> NDArray[np.int64]:
    """Number every run of `order` tokens by reading it as digits in base d_vocab.

    Raises ValueError where such numbers do not fit into 63 bits.
    """
    if order * math.log2(d_vocab) >= 63:
        raise ValueError(f"{order}-grams over d_vocab = {d_vocab} have too many values to be numbered.")
    count = len(tokens) - order + 1
    keys = np.zeros(count, dtype=np.int64)
    for place in range(order):
        keys *= d_vocab
        keys += tokens[place : place + count]
    return keys


def count_ngrams(
    tokens: NDArray[np.integer], d_vocab: int, order: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct n-grams as sorted keys, and how often each occurs."""
    keys = ngram_keys(tokens, d_vocab, order)
    if d_vocab**order <= max(1 << 20, 4 * len(keys)):  # a table is faster than sorting, where it is small
        table = np.bincount(keys, minlength=1)
        present = np.flatnonzero(table)
        return present, table[present]
    return np.unique(keys, return_counts=True)


class NgramModel:
    """An interpolated n-gram model with a Dirichlet prior (MacKay and Peto 1995).

    p(token | context) = (count(context token) + s · p(token | shorter context)) / (count(context) + s),
    down to the uniform distribution; s, the strength of the prior, is chosen for each order.
    """

    def __init__(
        self, tokens: NDArray[np.integer], d_vocab: int, order: int, strengths: tuple[float, ...]
    ) -> None:
        self.d_vocab, self.order, self.strengths = d_vocab, order, strengths
        self.counts = [count_ngrams(tokens, d_vocab, n) for n in range(1, order + 1)]
        self.n_tokens = len(tokens)

    def log_probs(self, tokens: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return ln p of each token given those before it; the first tokens have shorter contexts."""
        p = np.full(len(tokens), 1.0 / self.d_vocab)
        for n in range(1, self.order + 1):
            seen, context_seen = self._seen(tokens, n)
            strength = self.strengths[n - 1]
            p[n - 1 :] = (seen + strength * p[n - 1 :]) / (context_seen + strength)
        return np.log(p)

    def _seen(self, tokens: NDArray[np.integer], n: int) -> tuple[NDArray, NDArray | int]:
        """Return how often each n-gram of `tokens` was seen, and how often its context was."""
        keys = ngram_keys(tokens, self.d_vocab, n)
        known, counts = self.counts[n - 1]
        seen = _look_up(known, counts, keys)
        if n == 1:
            return seen, self.n_tokens
        contexts = known // self.d_vocab
        starts = np.flatnonzero(np.concatenate(([True], contexts[1:] != contexts[:-1])))
        totals = np.add.reduceat(counts, starts)
        return seen, _look_up(contexts[starts], totals, keys // self.d_vocab)


def _look_up(known: NDArray, values: NDArray, keys: NDArray) -> NDArray[np.int64]:
    """Return the value of each key, 0 for a key that is not known; `known` is sorted."""
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, values[places], 0)


def fit_ngram(train: ArrayLike, d_vocab: int, order: int) -> NgramModel:
    """Fit an n-gram model, choosing each order's strength on the last tenth of the training tokens."""
    tokens = _as_tokens(train, 1)
    cut = len(tokens) - int(len(tokens) * TUNING_SHARE)
    strengths: tuple[float, ...] = ()
    for n in range(1, order + 1):
        if cut >= n and cut < len(tokens):
            model = NgramModel(tokens[:cut], d_vocab, n, (*strengths, 1.0))
            strengths = (*strengths, _best_strength(model, tokens[cut:]))
        else:
            strengths = (*strengths, 1.0)
    return NgramModel(tokens, d_vocab, min(order, len(tokens)), strengths)


def _best_strength(model: NgramModel, tuning: NDArray[np.integer]) -> float:
    def loss(strength: float) -> float:
        model.strengths = (*model.strengths[:-1], strength)
        return -float(model.log_probs(tuning).mean())

    return min(STRENGTHS, key=loss)


def held_out_cross_entropy(train: ArrayLike, held_out: ArrayLike, d_vocab: int, order: int) -> float:
    """Return what an n-gram model fitted on `train` scores on `held_out`, in nats per token.

    Smoothing: Dirichlet-interpolated (see NgramModel), its strengths chosen on the last tenth of
    `train`. As for the model, the first token of held_out is not predicted.
    """
    tokens = _as_tokens(held_out, 2)
    return -float(fit_ngram(train, d_vocab, order).log_probs(tokens)[1:].mean())


def all_baselines(train: ArrayLike, held_out: ArrayLike, d_vocab: int) -> dict[str, Any]:
    """Return every baseline under the names of baselines.json; the floor is added where it is known."""
    names = {"unigram": 1, "bigram": 2, "trigram": 3}
    return {
        "uniform": uniform_entropy(d_vocab),
        **{name: conditional_entropy(train, d_vocab, n) for name, n in names.items()},
        "held_out": {name: held_out_cross_entropy(train, held_out, d_vocab, n) for name, n in names.items()},
        "floor": None,
    }
