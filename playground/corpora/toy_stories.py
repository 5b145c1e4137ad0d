"""Toy Stories: simple English stories drawn from a grammar, so that the probability of each is known exactly.

The mean of -ln P over stories is the entropy of the source: the lowest loss that any model can have on it.
"""

from __future__ import annotations

import functools
import random

import numpy as np

from playground.corpora.grammar import Grammar
from playground.corpora.toy_plots import RULES
from playground.corpora.toy_words import TABLES


def generate_stories(n: int, seed: int = 0) -> tuple[tuple[str, ...], np.ndarray]:
    """Draw n stories; return them and -ln P of each, in nats (float64, shape (n,)).

    The same seed gives the same stories on every platform. Raises ValueError for a negative n.
    """
    if n < 0:
        raise ValueError(f"n must be at least 0, but it is {n}.")
    rng = random.Random(seed)
    told = [tell(rng) for _ in range(n)]
    return tuple(text for text, _ in told), np.array([nats for _, nats in told], dtype=np.float64)


def tell(rng: random.Random) -> tuple[str, float]:
    """Draw one story; return it and its -ln P in nats."""
    return grammar().tell(rng)


def story_nats(text: str) -> float:
    """Return the exact -ln P, in nats, of any text under the law of Toy Stories; inf if it can't occur.

    Works from the text alone: it is parsed back to the choices that give it.
    """
    return grammar().nats(text)


@functools.cache
def grammar() -> Grammar:
    """Return the compiled grammar of Toy Stories."""
    return Grammar(RULES, TABLES)
