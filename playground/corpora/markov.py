"""A Markov chain over eight letters: the source for which an n-gram model is exactly right.

Every letter depends on the last `order` letters; before the first stand `order` letters "a". After each
letter the text ends with a probability of 1/200, and that end is part of the law.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

ALPHABET = "abcdefgh"
SHARES = 1 << 16
"""Probabilities are whole numbers of 65536ths, so that every platform draws the same text."""

END_ONE_IN = 200
CONCENTRATION = 0.4
"""Of the Dirichlet prior that the table is drawn from: low, so that some letters are likely."""


def generate(n: int, order: int, seed: int) -> tuple[tuple[str, ...], NDArray[np.floating]]:
    """Draw n texts of a chain; return them and -ln P of each, in nats (float64, shape (n,))."""
    rng = np.random.default_rng(seed)
    lengths = 1 + _failures(rng, n)
    letters = np.zeros((n, int(lengths.max(initial=1))), dtype=np.uint8)
    nats = (lengths - 1) * -math.log1p(-1 / END_ONE_IN) + math.log(END_ONE_IN)
    contexts = np.zeros(n, dtype=np.int64)
    cumulative, surprise = law(order).cumsum(axis=1), -np.log(law(order) / SHARES)
    for pos in range(letters.shape[1]):
        drawn = rng.integers(SHARES, size=n)
        letter = (drawn[:, None] >= cumulative[contexts]).sum(axis=1)
        nats += np.where(pos < lengths, surprise[contexts, letter], 0.0)
        letters[:, pos] = letter
        contexts = (contexts * len(ALPHABET) + letter) % len(law(order))
    characters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)[letters]
    rows = zip(characters, lengths.tolist(), strict=True)
    return tuple(row[:length].tobytes().decode() for row, length in rows), nats


def _failures(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Draw how often each text goes on, from whole numbers alone."""
    goes_on = np.ones(n, dtype=bool)
    counts = np.zeros(n, dtype=np.int64)
    while goes_on.any():
        goes_on &= rng.integers(END_ONE_IN, size=n) > 0
        counts += goes_on
    return counts


def nats(text: str, order: int) -> float:
    """Return the exact -ln P of any text, in nats; inf if it can't occur."""
    if not text or not set(text) <= set(ALPHABET):
        return math.inf
    table, context = law(order), 0
    total = (len(text) - 1) * -math.log1p(-1 / END_ONE_IN) + math.log(END_ONE_IN)
    for character in text:
        letter = ALPHABET.index(character)
        total -= math.log(table[context, letter] / SHARES)
        context = (context * len(ALPHABET) + letter) % len(table)
    return total


def entropy(order: int) -> float:
    """Return the mean of -ln P over all texts, in nats: visits to each context times its entropy.

    Visits solve v = start + (1 - q) P^T v, where q is the probability of the end.
    """
    p, q = law(order) / SHARES, 1 / END_ONE_IN
    n = len(p)
    moves = np.zeros((n, n))
    for letter in range(len(ALPHABET)):
        np.add.at(moves, (np.arange(n), (np.arange(n) * len(ALPHABET) + letter) % n), p[:, letter])
    start = np.zeros(n)
    start[0] = 1
    visits = np.linalg.solve(np.eye(n) - (1 - q) * moves.T, start)
    of_end = -(q * math.log(q) + (1 - q) * math.log1p(-q)) / q
    return float(visits @ -(p * np.log(p)).sum(axis=1)) + of_end


@functools.cache
def law(order: int) -> NDArray[np.int64]:
    """Return the table of the chain, shape (8**order, 8), in 65536ths; the same for every seed."""
    rng = np.random.default_rng(1_000 + order)
    p = rng.dirichlet(np.full(len(ALPHABET), CONCENTRATION), size=len(ALPHABET) ** order)
    shares = 1 + np.floor(p * (SHARES - len(ALPHABET))).astype(np.int64)
    shares[np.arange(len(shares)), shares.argmax(axis=1)] += SHARES - shares.sum(axis=1)
    shares.flags.writeable = False
    return shares
