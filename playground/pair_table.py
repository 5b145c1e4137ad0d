"""Counts of pairs of neighbouring tokens in a compiled hash table; importing this module starts a compiler.

Open addressing with multiplicative hashing (Knuth, TAOCP vol. 3, section 6.4). A pair is stored as
first * d_vocab + second + 1, so that 0 is an empty slot. Every core counts a stretch of the text into a
table of its own, and the tables are added up.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
ONE, ONE_COUNT = np.uint64(1), np.uint32(1)

DENSE_PAIRS = 1 << 20
"""With at most as many possible pairs, a plain table of all of them is smaller and faster."""

MAX_FIRST_BITS = 19
"""A hash table begins with at most 2**19 slots, which a core's cache holds, and doubles as it fills."""

MAX_CORES = 8


@njit(nogil=True)
def fill_dense(tokens, begin, end, d_vocab, table):
    """Count the pairs that begin in begin..end - 1 into a table of all d_vocab**2 pairs."""
    first = np.uint64(tokens[begin])
    for i in range(begin, end):
        second = np.uint64(tokens[i + 1])
        table[first * d_vocab + second] += ONE_COUNT
        first = second


@njit(nogil=True)
def fill(tokens, begin, end, d_vocab, keys, counts, used, shift):
    """Count the pairs from begin on; stop at end, or when the table is three quarters full.

    Returns where it stopped and how many slots are used.
    """
    # Written out in one loop: a call for each pair would take five times as long.
    mask, limit = np.uint64(len(keys) - 1), 3 * len(keys) // 4
    first = np.uint64(tokens[begin])
    for i in range(begin, end):
        second = np.uint64(tokens[i + 1])
        key = first * d_vocab + second + ONE
        first = second
        slot = (key * MULTIPLIER) >> shift
        while True:
            found = keys[slot]
            if found == key:
                counts[slot] += ONE_COUNT
                break
            if found == 0:
                keys[slot], counts[slot] = key, ONE_COUNT
                used += 1
                break
            slot = (slot + ONE) & mask
        if used > limit:
            return i + 1, used
    return end, used


@njit(nogil=True)
def insert(other_keys, other_counts, keys, counts, used, shift):
    """Add another table to one that has room for it; returns how many slots are used then."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(other_keys)):
        if other_keys[i] == 0:
            continue
        key = np.uint64(other_keys[i])
        slot = (key * MULTIPLIER) >> shift
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + ONE) & mask
        used += keys[slot] == 0
        keys[slot] = key
        counts[slot] += other_counts[i]
    return used


@dataclass
class PairTable:
    """A hash table that doubles when it is three quarters full."""

    keys: NDArray[np.unsignedinteger]
    counts: NDArray[np.uint32]
    used: int = 0

    @staticmethod
    def empty(bits: int, d_vocab: int) -> PairTable:
        """Return a table of 2**bits slots whose keys are as narrow as the vocabulary allows."""
        dtype = np.uint32 if d_vocab * d_vocab < 2**32 else np.uint64
        return PairTable(np.zeros(1 << bits, dtype), np.zeros(1 << bits, np.uint32))

    @property
    def shift(self) -> np.uint64:
        """The top bits of a hash are its slot."""
        return np.uint64(64 - (len(self.keys).bit_length() - 1))

    def count(self, tokens: NDArray[np.integer], begin: int, end: int, d_vocab: int) -> None:
        """Count the pairs that begin at begin..end - 1."""
        while begin < end:
            begin, self.used = fill(
                tokens, begin, end, np.uint64(d_vocab), self.keys, self.counts, self.used, self.shift
            )
            if begin < end:
                self.double()

    def add(self, other: PairTable) -> None:
        """Add the counts of another table."""
        # Room is made first: slots come in the order of their hashes, so a table that is nearly full would
        # be overfull at its beginning, and slow.
        while self.used + other.used > 3 * len(self.keys) // 4:
            self.double()
        self.used = insert(other.keys, other.counts, self.keys, self.counts, self.used, self.shift)

    def double(self) -> None:
        """Move everything into a table of twice the size."""
        bigger = PairTable(
            np.zeros(2 * len(self.keys), self.keys.dtype), np.zeros(2 * len(self.keys), np.uint32)
        )
        bigger.add(self)
        self.keys, self.counts = bigger.keys, bigger.counts


def pair_counts(tokens: NDArray[np.integer], d_vocab: int) -> NDArray[np.uint32]:
    """Return how often each distinct pair of neighbours occurs, in no order; there must be two tokens."""
    cores = min(os.cpu_count() or 1, MAX_CORES)
    edges = [len(tokens[1:]) * core // cores for core in range(cores + 1)]
    spans = list(zip(edges[:-1], edges[1:], strict=True))
    with ThreadPoolExecutor(cores) as pool:
        if d_vocab * d_vocab <= DENSE_PAIRS:
            tables = pool.map(lambda span: _count_densely(tokens, span, d_vocab), spans)
            counts = np.stack(list(tables)).sum(axis=0, dtype=np.uint32)
        else:
            total, *others = pool.map(lambda span: _count_hashed(tokens, span, d_vocab), spans)
            while others:
                total.add(others.pop())
            counts = total.counts
    return counts[counts > 0]


def _count_densely(tokens: NDArray[np.integer], span: tuple[int, int], d_vocab: int) -> NDArray[np.uint32]:
    table = np.zeros(d_vocab * d_vocab, np.uint32)
    if span[0] < span[1]:
        fill_dense(tokens, *span, np.uint64(d_vocab), table)
    return table


def _count_hashed(tokens: NDArray[np.integer], span: tuple[int, int], d_vocab: int) -> PairTable:
    begin, end = span
    table = PairTable.empty(min(MAX_FIRST_BITS, max(8, (end - begin).bit_length() - 2)), d_vocab)
    table.count(tokens, begin, end, d_vocab)
    return table
