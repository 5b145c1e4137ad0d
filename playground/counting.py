"""Counting pairs and longer runs of tokens, without a table of d_vocab x d_vocab.

Counts of pairs alone (`PairCounts`, for hundreds of millions of tokens), and the runs themselves (`Grams`):
of short texts by NumPy's sorting, of long ones by compiled code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playground.token_files import refuse_beyond, release

COMPILED_FROM = 3_000_000
"""From as many tokens on, loading the compiler pays; below, sorting is as quick."""

RUNS_COMPILED_FROM = 500_000
"""The same for runs of any length, which take longer to sort."""

TOKENS_AT_ONCE = 1 << 20
"""Tokens of a long text that are counted together."""


@dataclass(frozen=True)
class PairCounts:
    """How often the pairs of a text occur, without saying which."""

    firsts: NDArray[np.int64]
    """How often each token is the first of a pair, shape (d_vocab,)."""
    counts: NDArray[np.integer]
    """How often a pair occurs, and in `times` how many distinct pairs do so; a count may stand here twice."""
    times: NDArray[np.int64]


@dataclass(frozen=True)
class Grams:
    """The distinct runs of n tokens of a text.

    A run is numbered by its place in `keys`, and its key is (number of its first n - 1 tokens) * d_vocab +
    its last token, so that keys of any length fit into 64 bits.
    """

    keys: NDArray[np.int64]
    """Sorted, without repetition."""
    counts: NDArray[np.int64]
    """How often each run occurs."""
    somewhere: NDArray[np.integer]
    """A position at which each run begins."""
    at: NDArray[np.integer]
    """The number of the run that begins at each position of the text."""

    @property
    def size(self) -> int:
        """Number of distinct runs."""
        return len(self.keys)


def grams_by_order(tokens: NDArray[np.integer], d_vocab: int, max_order: int) -> Iterator[Grams]:
    """Yield the runs of 1, 2, ... max_order tokens, as long as the text has any; see token_counts."""
    refuse_beyond(tokens, d_vocab)
    if len(tokens) >= RUNS_COMPILED_FROM:
        from playground.compiled_runs import runs_by_length  # only where that pays

        yield from (Grams(*runs) for runs in runs_by_length(tokens, d_vocab, max_order))
        return
    prefix = np.zeros(len(tokens) + 1, dtype=np.int64)  # the empty run, at every position
    for order in range(1, min(max_order, len(tokens)) + 1):
        keys = prefix[: len(tokens) - order + 1].astype(np.int64) * d_vocab
        keys += tokens[order - 1 :]
        grams = _number(keys)
        prefix = grams.at
        yield grams


def _number(keys: NDArray[np.int64]) -> Grams:
    order = np.argsort(keys, kind="stable")  # three times as fast as the default on text
    ordered = keys[order]
    is_first = np.empty(len(keys), dtype=bool)
    is_first[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    starts = np.flatnonzero(is_first)
    at = np.empty(len(keys), dtype=np.int64)
    at[order] = np.cumsum(is_first) - 1
    return Grams(ordered[starts], np.diff(np.append(starts, len(keys))), order[starts], at)


def look_up(
    known: NDArray[np.int64],
    rows: NDArray[np.int64],
    contexts: NDArray[np.int64],
    tokens: NDArray[np.integer],
    d_vocab: int,
) -> NDArray[np.int64]:
    """Return the place of each key, contexts * d_vocab + tokens, among sorted known ones; -1: not there.

    The keys of context c are known[rows[c]:rows[c + 1]], and a context of -1 has none.
    """
    if len(known) >= RUNS_COMPILED_FROM:
        from playground.compiled_runs import find

        found = np.empty(len(contexts), np.int64)
        find(known, rows, d_vocab, contexts, tokens, found)
        return found
    keys = np.where(contexts >= 0, contexts * d_vocab + tokens, -1)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, places, -1)


def token_counts(tokens: NDArray[np.integer], d_vocab: int) -> NDArray[np.int64]:
    """Return how often each token occurs, shape (d_vocab,); ValueError for an id out of range."""
    counts = np.zeros(d_vocab, dtype=np.int64)
    for start in range(0, len(tokens), TOKENS_AT_ONCE):
        block = tokens[start : start + TOKENS_AT_ONCE]
        refuse_beyond(block, d_vocab)
        counts += np.bincount(block, minlength=d_vocab)
        release(tokens)
    return counts


def pair_counts(tokens: NDArray[np.integer], d_vocab: int) -> PairCounts:
    """Return how often pairs of neighbours occur; ValueError for an id out of range.

    Memory does not grow with d_vocab squared, and with the length of the text only up to some hundred MB.
    """
    if len(tokens) >= COMPILED_FROM:
        from playground import compiled_counts  # only where that pays

        return compiled_counts.pair_counts(tokens, d_vocab)
    refuse_beyond(tokens, d_vocab)
    keys = tokens[:-1].astype(np.int64) * d_vocab
    keys += tokens[1:]
    counts = np.unique_counts(keys).counts
    return PairCounts(token_counts(tokens[:-1], d_vocab), counts, np.ones(len(counts), np.int64))
