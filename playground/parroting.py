"""Is a text copied? Stretches of tokens that stand in the training text word for word, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N = 8
"""A stretch counts from this many tokens on."""

BLOCK = 1 << 20
"""Tokens of the training text that are looked at at once: 8 MB of hashes."""

FACTOR = np.uint64(0x9E3779B97F4A7C15)
TABLE_BITS = 16

Tokens = NDArray[np.integer]


@dataclass(frozen=True)
class Stretch:
    """Tokens from `start` of the text on that stand at `source` of the training text, as long as they go."""

    start: int
    length: int
    source: int


@dataclass(frozen=True)
class Copies:
    """What of a text was found in the training text."""

    stretches: tuple[Stretch, ...]
    """None within another, the longest first; of equal ones the first."""
    n_copied: int
    """n-grams of the text that are in the training text."""
    n_grams: int

    @property
    def share(self) -> float:
        """The share of n-grams that are copied; 0 for a text that is shorter than one."""
        return self.n_copied / self.n_grams if self.n_grams else 0.0


def find_copies(text: Tokens, train: Tokens, n: int = N) -> Copies:
    """Find all stretches of at least n tokens of a text in the training tokens, exactly.

    The training text is hashed in blocks, n tokens at a time; what has the hash of an n-gram of the text is
    compared token by token, so a collision costs time and changes nothing.
    """
    text = np.asarray(text, dtype=np.int64)
    n_grams = max(0, len(text) - n + 1)
    if not n_grams or len(train) < n:
        return Copies((), 0, n_grams)
    wanted = _hashes(text, n)
    places = _places(wanted, train, n)
    found = [_longest(text, start, train, places[value]) for start, value in enumerate(wanted.tolist())]
    stretches = [one for one in found if one.length >= n]
    ends, maximal = 0, list[Stretch]()
    for one in stretches:  # by start: one that ends no later than another lies within it
        if one.start + one.length > ends:
            ends = one.start + one.length
            maximal.append(one)
    maximal.sort(key=lambda one: -one.length)
    return Copies(tuple(maximal), len(stretches), n_grams)


def _hashes(tokens: Tokens, n: int) -> NDArray[np.uint64]:
    """Return a hash of each n-gram: a polynomial of its tokens, modulo 2^64, its high bits mixed down."""
    tokens = np.asarray(tokens).astype(np.uint64) + np.uint64(1)
    length = len(tokens) - n + 1
    result = np.zeros(length, dtype=np.uint64)
    for offset in range(n):
        result *= FACTOR
        result += tokens[offset : offset + length]
    return result ^ (result >> np.uint64(32))


def _places(wanted: NDArray[np.uint64], train: Tokens, n: int) -> dict[int, NDArray[np.int64]]:
    """Return, for each wanted hash, where in the training text an n-gram has it."""
    distinct = np.unique(wanted)
    found: dict[int, list[NDArray[np.int64]]] = {int(value): [] for value in distinct}
    for start, hashes in _blocks(train, n, distinct):
        order = np.argsort(hashes, kind="stable")
        lows = np.searchsorted(hashes, distinct, "left", sorter=order)
        highs = np.searchsorted(hashes, distinct, "right", sorter=order)
        for value, low, high in zip(distinct.tolist(), lows, highs, strict=True):
            if low < high:
                found[value].append(start[order[low:high]])
    empty = np.empty(0, dtype=np.int64)
    return {value: np.concatenate(parts) if parts else empty for value, parts in found.items()}


def _blocks(
    train: Tokens, n: int, distinct: NDArray[np.uint64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Yield places and hashes of the training text's n-grams that may be among the wanted ones."""
    mask = np.uint64((1 << TABLE_BITS) - 1)
    table = np.zeros(1 << TABLE_BITS, dtype=bool)
    table[distinct & mask] = True
    for begin in range(0, len(train) - n + 1, BLOCK):
        hashes = _hashes(train[begin : begin + BLOCK + n - 1], n)
        near = np.flatnonzero(table[hashes & mask])
        yield begin + near, hashes[near]


def _longest(text: Tokens, start: int, train: Tokens, places: NDArray[np.int64]) -> Stretch:
    """Return the longest stretch of the text from `start` on that begins at one of the places."""
    length, source = 0, -1
    while len(places) and start + length < len(text):
        places = places[places + length < len(train)]
        places = places[train[places + length] == text[start + length]]
        if len(places):
            length, source = length + 1, int(places[0])
    return Stretch(start, length, source)
