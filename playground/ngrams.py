"""N-gram models: what counting can predict on text it has not seen.

Each order has two smoothings, both interpolated down to the uniform distribution:

- modified Kneser-Ney (Chen and Goodman 1998): a constant is taken off every count, and shorter contexts ask
  after how many different tokens a token was seen, instead of how often;
- Dirichlet (MacKay and Peto 1995): the shorter context is worth s tokens of evidence.

The model of an order mixes the two and the model of the order below, with weights chosen on text that was
not counted. So it is a fair opponent on small texts and large ones, and a longer context does it no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from playground.counting import Grams, grams_by_order, look_up
from playground.token_files import refuse_beyond, release

STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Candidates for s, how many tokens of evidence the shorter context is worth."""

TUNING_SHARE = 0.1
"""Share of the training tokens on which strengths and weights are chosen."""

STRETCHES = 10
"""They are taken from as many places: the end of a text may be unlike the rest."""

MAX_COUNTED, MAX_TUNING = 10_000_000, 200_000
"""At most as many training tokens are counted, and scored to choose strengths and weights."""

COUNTED_TO_TUNE = 2_000_000
"""Strengths and weights are chosen with counts of at most as many tokens."""

SCORED_AT_ONCE = 500_000
"""Tokens of a long text that are scored at once."""

EM_ROUNDS = 50
USUAL_DISCOUNTS = (0.5, 1.0, 1.5)
"""Taken off where the counts of counts give none, as on a text in which no token is rare."""

Probabilities = NDArray[np.floating]


@dataclass(frozen=True)
class Level:
    """One order of an interpolated model: p(token | context) = ratio + backoff * p(token | shorter)."""

    ratio: Probabilities
    """Of each run of n tokens that was seen; 0 for others."""
    backoff: Probabilities
    """Of each context of n - 1 tokens that was seen; 1 for others."""

    def apply(
        self, places: NDArray[np.int64], contexts: NDArray[np.int64], lower: Probabilities
    ) -> Probabilities:
        """Return p of runs and their contexts, given by number (-1: never seen), from the lower order's p."""
        ratio = np.where(places >= 0, self.ratio[places], 0.0)
        return ratio + np.where(contexts >= 0, self.backoff[contexts], 1.0) * lower


def discounts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what is taken off counts of 0, 1, 2, and 3 or more, shape (4,) (Chen and Goodman, eq. 26)."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not n[1:5].all():
        return np.array([0.0, *USUAL_DISCOUNTS])
    share = n[1] / (n[1] + 2 * n[2])
    taken = [k - (k + 1) * share * n[k + 1] / n[k] for k in (1, 2, 3)]
    inside = all(0 <= d <= k for k, d in enumerate(taken, start=1))
    return np.array([0.0, *(taken if inside else USUAL_DISCOUNTS)])


def kneser_ney_level(counts: NDArray[np.int64], contexts: NDArray[np.int64], n_contexts: int) -> Level:
    """Take discounts off the counts of runs, and give what was taken to the shorter context."""
    taken = discounts(counts)[np.minimum(counts, 3)]
    totals = np.bincount(contexts, counts, n_contexts)
    freed = np.bincount(contexts, taken, n_contexts)
    known = totals > 0
    per_token = np.divide(1.0, totals, out=np.zeros(n_contexts), where=known)
    return Level((counts - taken) * per_token[contexts], np.where(known, freed * per_token, 1.0))


def dirichlet_level(
    counts: NDArray[np.int64], contexts: NDArray[np.int64], n_contexts: int, strength: float
) -> Level:
    """Add the shorter context's opinion as `strength` tokens of evidence."""
    totals = np.bincount(contexts, counts, n_contexts)
    return Level(counts / (totals[contexts] + strength), strength / (totals + strength))


class Counts:
    """The runs of a text up to an order, and after how many different tokens each was seen."""

    def __init__(self, tokens: NDArray[np.integer], d_vocab: int, max_order: int) -> None:
        self.d_vocab = d_vocab
        self.keys: list[NDArray[np.int64]] = []
        self.counts: list[NDArray[np.int64]] = []
        self.continuations: list[NDArray[np.int64]] = []
        below: Grams | None = None
        for grams in grams_by_order(tokens, d_vocab, max_order):
            if below is not None:
                suffixes = below.at[grams.somewhere + 1]
                self.continuations.append(np.bincount(suffixes, minlength=below.size))
            self.keys.append(grams.keys)
            self.counts.append(grams.counts)
            below = grams

    @property
    def max_order(self) -> int:
        """The longest runs there are."""
        return len(self.keys)

    def contexts(self, order: int) -> tuple[NDArray[np.int64], int]:
        """Return the number of each run's context, and how many contexts there are."""
        n_contexts = len(self.keys[order - 2]) if order > 1 else 1
        return self.keys[order - 1] // self.d_vocab, n_contexts

    def locate(self, tokens: NDArray[np.integer]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield, for orders 1, 2, ..., the numbers of the runs in `tokens` and their contexts; -1: unseen."""
        contexts = np.zeros(len(tokens) + 1, dtype=np.int64)
        for order in range(1, min(self.max_order, len(tokens)) + 1):
            contexts = contexts[: len(tokens) - order + 1]
            keys = np.where(contexts >= 0, contexts * self.d_vocab + tokens[order - 1 :], -1)
            places = look_up(self.keys[order - 1], keys)
            yield places, contexts
            contexts = places


@dataclass(frozen=True)
class Tuning:
    """What was chosen for one order: the Dirichlet strength, and the weights of the three opinions."""

    strength: float = 1.0
    weights: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)
    """Of modified Kneser-Ney, Dirichlet, and the order below."""


class NgramModel:
    """A smoothed n-gram model of every order from 1 up; orders the text is too short for are left out."""

    def __init__(self, counts: Counts, tuning: Sequence[Tuning]) -> None:
        self.counts, self.tuning = counts, tuple(tuning)

    def cross_entropies(self, tokens: NDArray[np.integer]) -> list[float]:
        """Return the mean of -ln p over all tokens but the first, by order from 1 up, in nats.

        The text is scored in blocks, so that memory does not grow with it.
        """
        before = len(self.tuning) - 1
        total = np.zeros(len(self.tuning))
        for start in range(0, len(tokens), SCORED_AT_ONCE):
            block = np.array(tokens[max(0, start - before) : start + SCORED_AT_ONCE])
            release(tokens)
            skipped = min(start, before) if start else 1  # those were scored; the first token never is
            total -= [log_probs[skipped:].sum() for log_probs in self.log_probs_by_order(block)]
        return (total / (len(tokens) - 1)).tolist()

    def log_probs_by_order(self, tokens: ArrayLike) -> Iterator[Probabilities]:
        """Yield ln p of each token given those before it, for orders 1, 2, ...; shape (len(tokens),).

        The first tokens have shorter contexts.
        """
        tokens = np.asarray(tokens)
        refuse_beyond(tokens, self.counts.d_vocab)
        scorer = Scorer(self.counts, tokens)
        for tuning in self.tuning:
            yield np.log(scorer.advance(tuning))


class Scorer:
    """Goes up the orders over one text, and keeps what the next order builds on."""

    def __init__(self, counts: Counts, tokens: NDArray[np.integer]) -> None:
        self.counts, self.order = counts, 0
        self.located = counts.locate(tokens)
        uniform = np.full(len(tokens), 1.0 / counts.d_vocab)
        self.continuation, self.dirichlet, self.mixed = uniform, uniform, uniform

    def advance(self, tuning: Tuning | None) -> Probabilities:
        """Go up one order and return p of each token; without a tuning, choose one first (`self.chosen`)."""
        self.order += 1
        places, contexts = next(self.located, (np.zeros(0, np.int64),) * 2)
        if not len(places):  # the text scored is shorter than the context
            return self.mixed
        skipped = self.order - 1
        counts, numbers = self.counts.counts[self.order - 1], self.counts.contexts(self.order)

        def apply(level: Level, lower: Probabilities) -> Probabilities:
            return np.concatenate((lower[:skipped], level.apply(places, contexts, lower[skipped:])))

        def dirichlet(strength: float) -> Probabilities:
            return apply(dirichlet_level(counts, *numbers, strength), self.dirichlet)

        kneser_ney = apply(kneser_ney_level(counts, *numbers), self.continuation)
        if tuning is None:
            strength = max(STRENGTHS, key=lambda s: np.log(dirichlet(s)).sum())
            opinions = (kneser_ney, dirichlet(strength), self.mixed)
            tuning = Tuning(strength, best_weights(opinions))
        self.chosen = tuning
        self.dirichlet = dirichlet(tuning.strength)
        opinions = (kneser_ney, self.dirichlet, self.mixed)
        self.mixed = np.tensordot(tuning.weights, opinions, axes=1)
        if self.order < self.counts.max_order:
            level = kneser_ney_level(self.counts.continuations[self.order - 1], *numbers)
            self.continuation = apply(level, self.continuation)
        return self.mixed


def best_weights(opinions: Sequence[Probabilities]) -> tuple[float, ...]:
    """Return the weights of a mixture that make these tokens most likely, by expectation maximisation."""
    table = np.stack(opinions)
    weights = np.full(len(table), 1.0 / len(table))
    for _ in range(EM_ROUNDS):
        shares = weights[:, None] * table
        weights = (shares / shares.sum(axis=0)).mean(axis=1)
    return tuple(weights.tolist())


def _set_aside(tokens: NDArray[np.integer], held: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Return the tokens without `held` of them, and those: the ends of stretches of equal length."""
    stretches = np.array_split(tokens, min(STRETCHES, held))
    ends = [held * (i + 1) // len(stretches) - held * i // len(stretches) for i in range(len(stretches))]
    head = [stretch[: len(stretch) - end] for stretch, end in zip(stretches, ends, strict=True)]
    tail = [stretch[len(stretch) - end :] for stretch, end in zip(stretches, ends, strict=True)]
    return np.concatenate(head), np.concatenate(tail)


def fit_ngrams(train: ArrayLike, d_vocab: int, max_order: int) -> NgramModel:
    """Count the training tokens and choose strengths and weights on a tenth of them.

    Of a long text the first MAX_COUNTED tokens are counted. Raises ValueError for a text without tokens.
    """
    tokens = np.asarray(train)[:MAX_COUNTED]
    if not len(tokens):
        raise ValueError("An n-gram model needs a token to count, but there is none.")
    held = min(int(len(tokens) * TUNING_SHARE), MAX_TUNING)
    counts = Counts(tokens, d_vocab, max_order)
    if not held:
        return NgramModel(counts, [Tuning()] * counts.max_order)
    head, tail = _set_aside(tokens[-COUNTED_TO_TUNE - held :], held)
    scorer = Scorer(Counts(head, d_vocab, max_order), tail)
    tuning = []
    for order in range(1, counts.max_order + 1):
        if order > min(scorer.counts.max_order, len(tail)):
            tuning.append(Tuning())
            continue
        scorer.advance(None)
        tuning.append(scorer.chosen)
    return NgramModel(counts, tuning)
