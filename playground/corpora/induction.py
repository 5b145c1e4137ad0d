"""A random segment, and then the same again: nothing to count, everything to copy.

The length of the segment is any from 4 to the longest, equally likely, and its letters are any of 26. A "|"
stands between the segment and its copy.
"""

from __future__ import annotations

import math
import string

import numpy as np
from numpy.typing import NDArray

SHORTEST = 4
SEPARATOR = "|"


def generate(n: int, longest: int, seed: int) -> tuple[tuple[str, ...], NDArray[np.floating]]:
    """Draw n texts; return them and -ln P of each, in nats (float64, shape (n,))."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(SHORTEST, longest + 1, size=n)
    letters = rng.integers(ord("a"), ord("z") + 1, size=(n, longest)).astype(np.uint8)
    segments = [
        row[:length].tobytes().decode() for row, length in zip(letters, lengths.tolist(), strict=True)
    ]
    return tuple(f"{s}{SEPARATOR}{s}" for s in segments), _nats(lengths, longest)


def nats(text: str, longest: int) -> float:
    """Return the exact -ln P of any text, in nats; inf if it can't occur."""
    segment, _, copy = text.partition(SEPARATOR)
    possible = segment == copy and SHORTEST <= len(segment) <= longest
    if not possible or not set(segment) <= set(string.ascii_lowercase):
        return math.inf
    return float(_nats(np.array(len(segment)), longest))


def entropy(longest: int) -> float:
    """Return the mean of -ln P over all texts, in nats."""
    return float(_nats(np.arange(SHORTEST, longest + 1), longest).mean())


def _nats(lengths: NDArray[np.int64], longest: int) -> NDArray[np.floating]:
    return math.log(longest - SHORTEST + 1) + lengths * math.log(26)
