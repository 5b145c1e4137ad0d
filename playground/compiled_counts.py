"""Counts of all pairs of neighbours of a long text, on all cores; importing it imports a compiler.

The second tokens of all pairs are dealt out into rows by the first (one counting sort), and each row is
counted in a table of d_vocab entries that a core's cache holds: no hashing, and no waiting for the memory.
Where there are few possible pairs, a plain table of all of them does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from playground.compiling import compiled
from playground.counting import PairCounts
from playground.token_files import dtype_for, refuse_beyond, release

DENSE_PAIRS = 1 << 20
"""With at most as many possible pairs, a plain table of all of them is small enough."""

MAX_BYTES_AT_ONCE = 1 << 28
"""Of a longer text some rows are dealt and counted at a time."""

BLOCK_TOKENS = 1 << 17
"""Tokens that a core reads at once: few enough for its cache."""

SHARES = 4
"""Rows are counted in as many lots a core, so that none is long idle."""

TALLIED = 1 << 12
"""Counts from here on are listed one by one."""

MAX_CORES = 8
ONE = np.uint32(1)


@compiled
def fill_firsts(tokens, table):
    """Count all tokens of a block but its last, which the next block begins with."""
    for i in range(len(tokens) - 1):
        table[tokens[i]] += ONE


@compiled
def fill_dense(tokens, d_vocab, table):
    """Count the pairs of a block into a table of all d_vocab**2 pairs."""
    first = np.uint32(tokens[0])
    for i in range(1, len(tokens)):
        second = np.uint32(tokens[i])
        table[first * d_vocab + second] += ONE
        first = second


@compiled
def deal(tokens, low, high, places, seconds):
    """Write the second tokens of a block's pairs to the next places of rows low..high - 1."""
    for i in range(len(tokens) - 1):
        first = tokens[i]
        if low <= first < high:
            place = places[first]
            seconds[place] = tokens[i + 1]
            places[first] = place + ONE


@compiled
def tally(seconds, edges, table, times, large):
    """Add to times[n] the distinct pairs that occur n times, times[0] aside; return how many are `large`.

    Row i is seconds[edges[i]:edges[i + 1]]; `table`, zero for all tokens, is left so.
    """
    n_large = 0
    for row in range(len(edges) - 1):
        begin, end = edges[row], edges[row + 1]
        for i in range(begin, end):
            table[seconds[i]] += ONE
        whole = end - begin > len(table)  # then the table is quicker to go through than the row
        for i in range(len(table) if whole else end - begin):
            token = np.uint32(i) if whole else np.uint32(seconds[begin + i])
            count = table[token]  # 0 where the pair was met before in this loop
            table[token] = 0
            if count < len(times):
                times[count] += 1
            else:
                large[n_large] = count
                n_large += 1
    return n_large


@dataclass(frozen=True)
class Span:
    """The pairs of a text that one core reads: those that begin at begin..end - 1."""

    tokens: NDArray[np.integer]
    d_vocab: int
    begin: int
    end: int

    def blocks(self) -> Iterator[NDArray[np.unsignedinteger]]:
        """Yield copies of its tokens, each beginning with the last token of the one before."""
        dtype = dtype_for(self.d_vocab)
        for at in range(self.begin, self.end, BLOCK_TOKENS):
            block = self.tokens[at : min(at + BLOCK_TOKENS, self.end) + 1]
            refuse_beyond(block, self.d_vocab)  # compiled code would write outside its tables
            yield block.astype(dtype)
        release(self.tokens)

    def firsts(self) -> NDArray[np.uint32]:
        """Count the first tokens of its pairs."""
        table = np.zeros(self.d_vocab, np.uint32)
        for block in self.blocks():
            fill_firsts(block, table)
        return table

    def dense(self) -> NDArray[np.uint32]:
        """Count its pairs, shape (d_vocab, d_vocab)."""
        table = np.zeros(self.d_vocab**2, np.uint32)
        for block in self.blocks():
            fill_dense(block, np.uint32(self.d_vocab), table)
        return table.reshape(self.d_vocab, self.d_vocab)


def pair_counts(tokens: NDArray[np.integer], d_vocab: int) -> PairCounts:
    """Return how often pairs of neighbours occur; there must be two tokens.

    Raises ValueError for an id that is not below d_vocab.
    """
    spans = _spans(tokens, d_vocab)
    with ThreadPoolExecutor(len(spans)) as pool:
        if d_vocab * d_vocab > DENSE_PAIRS:
            return Rows(spans, d_vocab, pool).counts()
        table = sum(pool.map(Span.dense, spans), np.zeros(1, np.uint32))
    counts = table[table > 0]
    return PairCounts(table.sum(axis=1, dtype=np.int64), counts, np.ones(len(counts), np.int64))


def _spans(tokens: NDArray[np.integer], d_vocab: int) -> list[Span]:
    cores = min(os.cpu_count() or 1, MAX_CORES)
    edges = [(len(tokens) - 1) * core // cores for core in range(cores + 1)]
    return [Span(tokens, d_vocab, begin, end) for begin, end in zip(edges[:-1], edges[1:], strict=True)]


class Rows:
    """The pairs of a text by their first token, read by one core a span."""

    def __init__(self, spans: list[Span], d_vocab: int, pool: ThreadPoolExecutor) -> None:
        self.spans, self.d_vocab, self.pool = spans, d_vocab, pool
        self.sizes = np.stack(list(pool.map(Span.firsts, spans)))
        """Pairs by span and first token."""
        self.firsts = self.sizes.sum(axis=0, dtype=np.int64)

    def counts(self) -> PairCounts:
        """Return how often pairs occur."""
        times, large = np.zeros(TALLIED, np.int64), [np.zeros(0, np.uint32)]
        for low, high in self.rounds():
            seconds = self._dealt(low, high)
            edges = np.append(0, self.firsts[low:high].cumsum())
            lots = np.searchsorted(edges, np.linspace(0, edges[-1], SHARES * len(self.spans) + 1))
            shares = [edges[a : b + 1] for a, b in zip(lots[:-1], lots[1:], strict=True) if a < b]
            for own_times, own_large in self.pool.map(self._tally, repeat(seconds), shares):
                times += own_times
                large.append(own_large)
        listed = np.concatenate(large)
        usual = np.flatnonzero(times[1:]) + 1
        counts = np.concatenate((usual, listed))
        return PairCounts(self.firsts, counts, np.concatenate((times[usual], np.ones(len(listed), np.int64))))

    def rounds(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of rows of at most MAX_BYTES_AT_ONCE, or of one row."""
        most = MAX_BYTES_AT_ONCE // dtype_for(self.d_vocab).itemsize
        reached, low = np.append(0, self.firsts.cumsum()), 0
        while low < self.d_vocab:
            high = int(np.searchsorted(reached, reached[low] + most, side="right")) - 1
            high = max(high, low + 1)
            yield low, high
            low = high

    def _dealt(self, low: int, high: int) -> NDArray[np.unsignedinteger]:
        """Return the second tokens of a range of rows, row by row."""
        places = np.zeros_like(self.sizes)
        ends = self.firsts[low:high].cumsum()
        for core in reversed(range(len(self.spans))):  # within a row they write one behind the other
            ends -= self.sizes[core, low:high]
            places[core, low:high] = ends
        seconds = np.empty(self.firsts[low:high].sum(), dtype_for(self.d_vocab))

        def deal_span(span: Span, own: NDArray[np.int64]) -> None:
            for block in span.blocks():
                deal(block, low, high, own, seconds)

        list(self.pool.map(deal_span, self.spans, places))
        return seconds

    def _tally(
        self, seconds: NDArray[np.unsignedinteger], edges: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        times, table = np.zeros(TALLIED, np.int64), np.zeros(self.d_vocab, np.uint32)
        large = np.empty((edges[-1] - edges[0]) // TALLIED, np.uint32)
        n_large = tally(seconds, edges, table, times, large)
        return times, large[:n_large]
