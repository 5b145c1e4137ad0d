"""The counts that an n-gram model of every order is made of, and what two smoothings make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playground.counting import Grams, grams_by_order, look_up

USUAL_DISCOUNTS = (0.5, 1.0, 1.5)
"""Taken off where the counts of counts give none, as on a text in which no token is rare."""

Numbers = NDArray[np.int64]
Probabilities = NDArray[np.floating]


Pulse = Callable[[], None]
"""Called again and again by what takes long; it may raise to give up."""


def quiet() -> None:
    """Go on."""


@dataclass(frozen=True)
class Found:
    """Where tokens of a text stand among the runs of one order; -1: never seen."""

    places: Numbers
    """The number of the run that ends with each token."""
    contexts: Numbers
    """The number of the run before it, of one token less."""


@dataclass(frozen=True)
class Level:
    """The counts of the runs of one order, and what they come to by context."""

    counts: Numbers
    """Of each run."""
    discounts: NDArray[np.float64]
    """What Kneser-Ney takes off counts of 0, 1, 2, and 3 or more, shape (4,)."""
    totals: NDArray[np.float64]
    """Of each context, what its runs come to; 0 for one that only ends the text."""
    freed: NDArray[np.float64]
    """Of each context, what is taken off its runs."""

    @staticmethod
    def of(counts: Numbers, contexts: Numbers, n_contexts: int) -> Level:
        """Add up the counts of runs by their contexts, given by number."""
        taken = discounts(counts)
        totals = np.bincount(contexts, counts, n_contexts).astype(np.float64, copy=False)
        freed = np.bincount(contexts, taken[np.minimum(counts, 3)], n_contexts)
        return Level(counts, taken, totals, freed.astype(np.float64, copy=False))

    def seen(self, found: Found) -> tuple[Numbers, NDArray[np.float64]]:
        """Return how often each run was seen, and its context: 0 where it was not."""
        counts = np.where(found.places >= 0, self.counts[found.places], 0)
        return counts, np.where(found.contexts >= 0, self.totals[found.contexts], 0.0)

    def kneser_ney(self, found: Found, lower: Probabilities) -> Probabilities:
        """Return p by discounts; what was taken off goes to the shorter context, whose p is `lower`."""
        counts, totals = self.seen(found)
        known = totals > 0
        per_token = np.divide(1.0, totals, out=np.zeros(len(totals)), where=known)
        backoff = np.where(known, self.freed[found.contexts] * per_token, 1.0)
        return (counts - self.discounts[np.minimum(counts, 3)]) * per_token + backoff * lower

    def dirichlet(self, found: Found, lower: Probabilities, strength: float) -> Probabilities:
        """Return p where the shorter context counts as `strength` tokens of evidence."""
        counts, totals = self.seen(found)
        return (counts + strength * lower) / (totals + strength)


def discounts(counts: Numbers) -> NDArray[np.float64]:
    """Return what is taken off counts of 0, 1, 2, and 3 or more, shape (4,) (Chen and Goodman, eq. 26)."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:5].all():
        return np.array([0.0, *USUAL_DISCOUNTS])
    share = n[1] / (n[1] + 2 * n[2])
    taken = [k - (k + 1) * share * n[k + 1] / n[k] for k in (1, 2, 3)]
    inside = all(0 <= d <= k for k, d in enumerate(taken, start=1))
    return np.array([0.0, *(taken if inside else USUAL_DISCOUNTS)])


class Counts:
    """The runs of a text up to an order, how often each was seen, and after how many different tokens."""

    def __init__(
        self, tokens: NDArray[np.integer], d_vocab: int, max_order: int, pulse: Pulse = quiet
    ) -> None:
        self.d_vocab = d_vocab
        self.keys: list[Numbers] = []
        """By order: of each run, the number of its context times d_vocab, plus its last token; sorted."""
        self.rows: list[Numbers] = []
        """By order: where the keys of each context begin, and last the end."""
        self.levels: list[Level] = []
        """By order: how often each run was seen."""
        self.continuations: list[Level] = []
        """By order but the last: after how many different tokens each run was seen."""
        contexts, n_contexts, below = np.zeros(0, np.int64), 1, None
        for grams in grams_by_order(tokens, d_vocab, max_order):
            if below is not None:
                self.continuations.append(_continuations(grams, below, contexts, n_contexts))
                n_contexts = below.size
            contexts = grams.keys // d_vocab
            self.keys.append(grams.keys)
            self.rows.append(np.append(0, np.bincount(contexts, minlength=n_contexts).cumsum()))
            self.levels.append(Level.of(grams.counts, contexts, n_contexts))
            below = grams
            pulse()

    @property
    def max_order(self) -> int:
        """The longest runs there are."""
        return len(self.keys)

    def locate(self, tokens: NDArray[np.integer]) -> Iterator[Found]:
        """Yield, for orders 1, 2, ..., where the runs in `tokens` and their contexts are."""
        contexts = np.zeros(len(tokens) + 1, dtype=np.int64)
        for order in range(1, min(self.max_order, len(tokens)) + 1):
            contexts = contexts[: len(tokens) - order + 1]
            known, rows = self.keys[order - 1], self.rows[order - 1]
            places = look_up(known, rows, contexts, tokens[order - 1 :], self.d_vocab)
            yield Found(places, contexts)
            contexts = places


def _continuations(grams: Grams, below: Grams, contexts: Numbers, n_contexts: int) -> Level:
    """Count after how many different tokens the runs of the order below were seen; `contexts` are theirs."""
    suffixes = below.at[grams.somewhere + 1]
    return Level.of(np.bincount(suffixes, minlength=below.size), contexts, n_contexts)
