"""N-gram models: what counting can predict on text it has not seen.

Each order has two smoothings, both interpolated down to the uniform distribution:

- modified Kneser-Ney (Chen and Goodman 1998): a constant is taken off every count, and shorter contexts ask
  after how many different tokens a token was seen, instead of how often;
- Dirichlet (MacKay and Peto 1995): the shorter context is worth s tokens of evidence.

The model of an order mixes the two and the model of the order below (Jelinek and Mercer 1980), with weights
that depend on how often the context was seen and are chosen on text that was not counted. So it is a fair
opponent on small texts and large ones, and a longer context does it no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from playground.mixing import BUCKETS, bucket, weights_by_bucket
from playground.ngram_counts import Counts, Found, Level, Probabilities, Pulse, quiet
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

SCORED_AT_ONCE, SCORERS = 250_000, 2
"""Tokens of a long text that are scored at once, and by how many threads."""


@dataclass(frozen=True)
class Tuning:
    """What was chosen for one order: the Dirichlet strength, and the weights of the three opinions."""

    strength: float = 1.0
    weights: tuple[tuple[float, ...], ...] = ((1 / 3, 1 / 3, 1 / 3),) * BUCKETS
    """Of modified Kneser-Ney, Dirichlet, and the order below; for contexts of each bucket."""


class NgramModel:
    """A smoothed n-gram model of every order from 1 up; orders the text is too short for are left out."""

    def __init__(self, counts: Counts, tuning: Sequence[Tuning]) -> None:
        self.counts, self.tuning = counts, tuple(tuning)

    def cross_entropies(
        self,
        tokens: NDArray[np.integer],
        pulse: Pulse = quiet,
        chosen: NDArray[np.bool_] | None = None,
    ) -> list[float]:
        """Return the mean of -ln p over all tokens but the first, by order from 1 up, in nats.

        Where only some are `chosen`, over these. The text is scored in blocks, two at a time, so that memory
        does not grow with it.
        """

        def score(start: int) -> list[float]:
            pulse()
            return self._score(tokens, chosen, start)

        with ThreadPoolExecutor(SCORERS) as pool:
            total = -np.sum(list(pool.map(score, range(0, len(tokens), SCORED_AT_ONCE))), axis=0)
        return (total / (len(tokens) - 1 if chosen is None else int(chosen[1:].sum()))).tolist()

    def _score(
        self, tokens: NDArray[np.integer], chosen: NDArray[np.bool_] | None, start: int
    ) -> list[float]:
        """Return the sum of ln p over one block, by order."""
        before = len(self.tuning) - 1
        block = np.array(tokens[max(0, start - before) : start + SCORED_AT_ONCE])
        release(tokens)
        skipped = min(start, before) if start else 1  # those were scored; the first token never is
        scored = slice(skipped, None)
        if chosen is not None:
            scored = np.flatnonzero(chosen[max(0, start - before) : start + SCORED_AT_ONCE])
            scored = scored[scored >= skipped]
        return [float(log_probs[scored].sum()) for log_probs in self.log_probs_by_order(block)]

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
        found = next(self.located, None)
        self.order += 1
        if found is None:  # the text scored is shorter than the context
            return self.mixed
        n, level = self.order - 1, self.counts.levels[self.order - 1]  # the first n are scored already
        kneser_ney = level.kneser_ney(found, self.continuation[n:])
        buckets = bucket(level.seen(found)[1])
        if tuning is None:
            tuning = self._choose(level, found, kneser_ney, buckets)
        self.chosen = tuning
        dirichlet = level.dirichlet(found, self.dirichlet[n:], tuning.strength)
        weights = np.array(tuning.weights)
        mixed = sum(
            weights[buckets, i] * opinion for i, opinion in enumerate((kneser_ney, dirichlet, self.mixed[n:]))
        )
        self.dirichlet = np.concatenate((self.dirichlet[:n], dirichlet))
        self.mixed = np.concatenate((self.mixed[:n], mixed))
        if self.order < self.counts.max_order:
            continuation = self.counts.continuations[self.order - 1]
            self.continuation = np.concatenate(
                (self.continuation[:n], continuation.kneser_ney(found, self.continuation[n:]))
            )
        return self.mixed

    def _choose(
        self, level: Level, found: Found, kneser_ney: Probabilities, buckets: NDArray[np.integer]
    ) -> Tuning:
        n = self.order - 1

        def dirichlet(strength: float) -> Probabilities:
            return level.dirichlet(found, self.dirichlet[n:], strength)

        strength = max(STRENGTHS, key=lambda s: np.log(dirichlet(s)).sum())
        return Tuning(strength, weights_by_bucket((kneser_ney, dirichlet(strength), self.mixed[n:]), buckets))


def _set_aside(tokens: NDArray[np.integer], held: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Return the tokens without `held` of them, and those: the ends of stretches of equal length."""
    stretches = np.array_split(tokens, min(STRETCHES, held))
    ends = [held * (i + 1) // len(stretches) - held * i // len(stretches) for i in range(len(stretches))]
    head = [stretch[: len(stretch) - end] for stretch, end in zip(stretches, ends, strict=True)]
    tail = [stretch[len(stretch) - end :] for stretch, end in zip(stretches, ends, strict=True)]
    return np.concatenate(head), np.concatenate(tail)


def fit_ngrams(train: ArrayLike, d_vocab: int, max_order: int, pulse: Pulse = quiet) -> NgramModel:
    """Count the training tokens and choose strengths and weights on a tenth of them.

    Of a long text the first MAX_COUNTED tokens are counted. Raises ValueError for a text without tokens,
    and what `pulse` raises.
    """
    tokens = np.asarray(train)[:MAX_COUNTED]
    if not len(tokens):
        raise ValueError("An n-gram model needs a token to count, but there is none.")
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(Counts, tokens, d_vocab, max_order, pulse)
        tuning = _tune(tokens, d_vocab, max_order, pulse)
        counts = counting.result()
    return NgramModel(counts, tuning[: counts.max_order])


def _tune(tokens: NDArray[np.integer], d_vocab: int, max_order: int, pulse: Pulse) -> list[Tuning]:
    """Choose strengths and weights on the last tokens of each stretch, counting the others."""
    held = min(int(len(tokens) * TUNING_SHARE), MAX_TUNING)
    tuning = []
    if held:
        head, tail = _set_aside(tokens[-COUNTED_TO_TUNE - held :], held)
        scorer = Scorer(Counts(head, d_vocab, max_order, pulse), tail)
        for _ in range(min(scorer.counts.max_order, len(tail))):
            scorer.advance(None)
            tuning.append(scorer.chosen)
            pulse()
    return tuning + [Tuning()] * (max_order - len(tuning))
