"""Addition modulo p, one equation a text: "07+15=22". The summands are chance; the sum follows from them."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray


def generate(n: int, modulus: int, seed: int) -> tuple[tuple[str, ...], NDArray[np.floating]]:
    """Draw n equations; return them and -ln P of each, in nats (float64, shape (n,))."""
    summands = np.random.default_rng(seed).integers(modulus, size=(n, 2)).tolist()
    return tuple(_equation(a, b, modulus) for a, b in summands), np.full(n, entropy(modulus))


def _equation(a: int, b: int, modulus: int) -> str:
    width = len(str(modulus - 1))
    return f"{a:0{width}}+{b:0{width}}={(a + b) % modulus:0{width}}"


def nats(text: str, modulus: int) -> float:
    """Return the exact -ln P of any text, in nats; inf if it can't occur."""
    found = re.fullmatch(r"([0-9]+)\+([0-9]+)=[0-9]+", text)
    if found is None:
        return math.inf
    a, b = int(found[1]), int(found[2])
    right = a < modulus and b < modulus and text == _equation(a, b, modulus)
    return entropy(modulus) if right else math.inf


def entropy(modulus: int) -> float:
    """Return the mean of -ln P over all equations, in nats: two free choices."""
    return 2 * math.log(modulus)
