"""Balanced brackets (the Dyck language): to close rightly one must remember what is open.

A random walk over the depth: with nothing open the text ends with a probability of 1/3 (never at once),
else a bracket opens; with something open one opens with a probability of 0.45 and the last one closes
otherwise; at depth 8 it must close. The kind of an opening bracket is any, equally likely.
"""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.typing import NDArray

KINDS = ("()", "[]", "{}", "<>")
MAX_DEPTH = 8
P_OPEN, P_END = 0.45, 1 / 3


def generate(n: int, kinds: int, seed: int) -> tuple[tuple[str, ...], NDArray[np.floating]]:
    """Draw n texts; return them and -ln P of each, in nats (float64, shape (n,))."""
    rng = random.Random(seed)
    texts = tuple(_draw(rng, kinds) for _ in range(n))
    return texts, np.array([nats(text, kinds) for text in texts], dtype=np.float64)


def _draw(rng: random.Random, kinds: int) -> str:
    text, awaited = [], []
    while True:
        if awaited and rng.random() >= p_open(len(awaited)):
            text.append(awaited.pop())
        elif text and not awaited and rng.random() < P_END:
            return "".join(text)
        else:
            opening, closing = KINDS[rng.randrange(kinds)]
            text.append(opening)
            awaited.append(closing)


def p_open(depth: int) -> float:
    """Return the probability that a bracket opens where `depth` (at least 1) are open."""
    return P_OPEN if depth < MAX_DEPTH else 0.0


def nats(text: str, kinds: int) -> float:
    """Return the exact -ln P of any text, in nats; inf if it can't occur."""
    pairs, awaited, total = {pair[0]: pair[1] for pair in KINDS[:kinds]}, [], 0.0
    for place, bracket in enumerate(text):
        depth = len(awaited)
        if bracket in pairs and depth < MAX_DEPTH:
            total += math.log(kinds)
            if place:  # the first bracket has no choice but to open
                total -= math.log(p_open(depth) if depth else 1 - P_END)
            awaited.append(pairs[bracket])
        elif awaited and bracket == awaited.pop():
            total -= math.log(1 - p_open(depth))
        else:
            return math.inf
    return total - math.log(P_END) if text and not awaited else math.inf


def entropy(kinds: int) -> float:
    """Return the mean of -ln P over all texts, in nats: visits to each depth times its entropy.

    Visits v solve v = start + M^T v for the walk's moves M between depths; the first visit to depth 0 is no
    choice.
    """
    moves = np.zeros((MAX_DEPTH + 1, MAX_DEPTH + 1))
    moves[0, 1] = 1 - P_END
    for depth in range(1, MAX_DEPTH + 1):
        moves[depth, depth - 1] = 1 - p_open(depth)
        if depth < MAX_DEPTH:
            moves[depth, depth + 1] = p_open(depth)
    start = np.zeros(MAX_DEPTH + 1)
    start[1] = 1  # after the first bracket
    visits = np.linalg.solve(np.eye(MAX_DEPTH + 1) - moves.T, start)
    chances = [P_END, *(p_open(depth) for depth in range(1, MAX_DEPTH + 1))]
    opened = 1 + visits[0] * (1 - P_END) + sum(v * p_open(d) for d, v in enumerate(visits) if d)
    choices = sum(v * _binary(p) for v, p in zip(visits, chances, strict=True))
    return float(choices + opened * math.log(kinds))


def _binary(p: float) -> float:
    return -(p * math.log(p) + (1 - p) * math.log(1 - p)) if 0 < p < 1 else 0.0
