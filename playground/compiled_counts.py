"""Counts of all tokens and of all pairs of neighbours of a long text, on all cores; importing it compiles.

A pair is the number first * d_vocab + second. Pairs are dealt out to buckets by the top bits of their hash,
and each bucket is counted in a table that a core's cache holds: one table for all pairs would wait for the
memory at every token. Where there are few possible pairs, a plain table of all of them does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from playground.pair_table import MULTIPLIER, ONE_COUNT, PairTable
from playground.token_files import refuse_beyond, release

DENSE_PAIRS = 1 << 20
"""With at most as many possible pairs, a plain table of all of them is small enough."""

BUCKET_PAIRS = 1 << 14
"""About as many pairs go into a bucket, so that their table is a few hundred kB."""

MAX_BUCKET_BITS = 12
"""With more buckets than 2**12, dealing is slow: each is written to another page of memory."""

MAX_PAIRS_AT_ONCE = 1 << 26
"""Of a longer text some buckets are filled and counted at a time: at most 8 bytes a pair."""

BLOCK_TOKENS = 1 << 20
"""Tokens that a core reads at once."""

MAX_CORES = 8


@njit(nogil=True)
def fill_tokens(tokens, table):
    """Count all tokens of a block but its last, which the next block begins with."""
    for i in range(len(tokens) - 1):
        table[tokens[i]] += 1


@njit(nogil=True)
def fill_dense(tokens, d_vocab, table):
    """Count the pairs of a block into a table of all d_vocab**2 pairs."""
    first = np.uint64(tokens[0])
    for i in range(1, len(tokens)):
        second = np.uint64(tokens[i])
        table[first * d_vocab + second] += ONE_COUNT
        first = second


@njit(nogil=True)
def measure(tokens, d_vocab, shift, sizes):
    """Add up how many pairs of a block belong to each bucket."""
    first = np.uint64(tokens[0])
    for i in range(1, len(tokens)):
        second = np.uint64(tokens[i])
        sizes[((first * d_vocab + second) * MULTIPLIER) >> shift] += 1
        first = second


@njit(nogil=True)
def deal(tokens, d_vocab, shift, low, high, places, pairs):
    """Write the pairs of a block that belong to buckets low..high - 1 to the next places there."""
    first = np.uint64(tokens[0])
    for i in range(1, len(tokens)):
        second = np.uint64(tokens[i])
        pair = first * d_vocab + second
        first = second
        bucket = (pair * MULTIPLIER) >> shift
        if low <= bucket < high:
            pairs[places[bucket]] = pair
            places[bucket] += 1


@dataclass(frozen=True)
class Span:
    """The pairs of a text that one core reads: those that begin at begin..end - 1."""

    tokens: NDArray[np.integer]
    d_vocab: int
    begin: int
    end: int

    def blocks(self) -> Iterator[NDArray[np.uint32]]:
        """Yield copies of its tokens, each beginning with the last token of the one before."""
        for at in range(self.begin, self.end, BLOCK_TOKENS):
            block = self.tokens[at : min(at + BLOCK_TOKENS, self.end) + 1]
            refuse_beyond(block, self.d_vocab)  # compiled code would write outside its tables
            yield block.astype(np.uint32)
            release(self.tokens)


def token_counts(tokens: NDArray[np.integer], d_vocab: int) -> NDArray[np.int64]:
    """Return how often each token occurs, shape (d_vocab,); there must be one.

    Raises ValueError for an id that is not below d_vocab.
    """
    spans = _spans(tokens, d_vocab)
    with ThreadPoolExecutor(len(spans)) as pool:
        counts = np.stack(list(pool.map(_count_tokens, spans))).sum(axis=0)
    refuse_beyond(tokens[-1:], d_vocab)
    counts[tokens[-1]] += 1
    return counts


def pair_counts(tokens: NDArray[np.integer], d_vocab: int) -> NDArray[np.uint32]:
    """Return how often each distinct pair of neighbours occurs, in no order; there must be two tokens.

    Raises ValueError for an id that is not below d_vocab.
    """
    spans = _spans(tokens, d_vocab)
    with ThreadPoolExecutor(len(spans)) as pool:
        if d_vocab * d_vocab > DENSE_PAIRS:
            return Buckets(spans, d_vocab, pool).counts()
        counts = np.stack(list(pool.map(_count_densely, spans))).sum(axis=0, dtype=np.uint32)
        return counts[counts > 0]


def _spans(tokens: NDArray[np.integer], d_vocab: int) -> list[Span]:
    cores = min(os.cpu_count() or 1, MAX_CORES)
    edges = [(len(tokens) - 1) * core // cores for core in range(cores + 1)]
    return [Span(tokens, d_vocab, begin, end) for begin, end in zip(edges[:-1], edges[1:], strict=True)]


def _count_tokens(span: Span) -> NDArray[np.int64]:
    table = np.zeros(span.d_vocab, np.int64)
    for block in span.blocks():
        fill_tokens(block, table)
    return table


def _count_densely(span: Span) -> NDArray[np.uint32]:
    table = np.zeros(span.d_vocab**2, np.uint32)
    for block in span.blocks():
        fill_dense(block, np.uint64(span.d_vocab), table)
    return table


class Buckets:
    """The pairs of a text by the top bits of their hash, read by one core a span."""

    def __init__(self, spans: list[Span], d_vocab: int, pool: ThreadPoolExecutor) -> None:
        self.spans, self.d_vocab, self.pool = spans, d_vocab, pool
        n_pairs = spans[-1].end
        self.bits = min(max((n_pairs // BUCKET_PAIRS).bit_length(), 1), MAX_BUCKET_BITS)
        self.shift = np.uint64(64 - self.bits)
        self.sizes = np.stack(list(pool.map(self._measure, spans)))
        """Pairs by span and bucket."""

    def counts(self) -> NDArray[np.uint32]:
        """Return how often each distinct pair occurs, in no order."""
        found: list[NDArray[np.uint32]] = []
        for low, high in self.rounds():
            edges = np.append(0, self.sizes[:, low:high].sum(axis=0).cumsum())
            pairs = self._dealt(low, high)
            buckets = [pairs[begin:end] for begin, end in zip(edges[:-1], edges[1:], strict=True)]
            shares = (buckets[core :: len(self.spans)] for core in range(len(self.spans)))
            found.extend(self.pool.map(self._count, shares))
        return np.concatenate(found)

    def rounds(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of buckets of at most MAX_PAIRS_AT_ONCE pairs, or of one bucket."""
        low, held = 0, 0
        for bucket, size in enumerate(self.sizes.sum(axis=0).tolist()):
            if held and held + size > MAX_PAIRS_AT_ONCE:
                yield low, bucket
                low, held = bucket, 0
            held += size
        yield low, 1 << self.bits

    def _measure(self, span: Span) -> NDArray[np.int64]:
        sizes = np.zeros(1 << self.bits, np.int64)
        for block in span.blocks():
            measure(block, np.uint64(self.d_vocab), self.shift, sizes)
        return sizes

    def _dealt(self, low: int, high: int) -> NDArray[np.unsignedinteger]:
        """Return the pairs of a range of buckets, bucket by bucket."""
        sizes = np.zeros_like(self.sizes)
        sizes[:, low:high] = self.sizes[:, low:high]
        # Within a bucket the cores write one behind the other.
        places = (sizes.T.ravel().cumsum() - sizes.T.ravel()).reshape(sizes.T.shape).T.copy()
        pairs = np.empty(sizes.sum(), np.uint32 if self.d_vocab**2 < 2**32 else np.uint64)

        def deal_span(span: Span, own: NDArray[np.int64]) -> None:
            base, first, end = np.uint64(self.d_vocab), np.uint64(low), np.uint64(high)
            for block in span.blocks():
                deal(block, base, self.shift, first, end, own, pairs)

        list(self.pool.map(deal_span, self.spans, places))
        return pairs

    def _count(self, buckets: list[NDArray[np.unsignedinteger]]) -> NDArray[np.uint32]:
        usual = int(self.sizes.sum()) >> self.bits
        table = PairTable((2 * usual + 2).bit_length(), self.bits)  # room for a bucket without repetitions
        return np.concatenate([table.count(pairs) for pairs in buckets])
