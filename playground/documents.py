"""The documents of a prepared text, one at a time: what was cut, and where it went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playground.prepared import Prepared

PAGE_TOKENS = 512
"""A text that is not made of documents is read in pages of as many tokens."""


@dataclass(frozen=True)
class Document:
    """One document of a split, or one page of a text that has none."""

    split: str
    number: int
    """From 0."""
    count: int
    """How many there are in the split."""
    tokens: NDArray[np.integer]
    """Without the end token."""
    is_document: bool


def document(prepared: Prepared, split: str, number: int) -> Document:
    """Return a document by its number within a split; a number beyond either end is brought inside.

    Raises KeyError if there is no such split.
    """
    tokens = prepared.tokens[split]
    starts = prepared.starts.get(split)
    if starts is None:
        count = -(-len(tokens) // PAGE_TOKENS)
        number = min(max(number, 0), count - 1)
        page = tokens[number * PAGE_TOKENS : (number + 1) * PAGE_TOKENS]
        return Document(split, number, count, np.asarray(page), is_document=False)
    count = len(starts) - 1
    number = min(max(number, 0), count - 1)
    inside = tokens[int(starts[number]) : int(starts[number + 1]) - 1]
    return Document(split, number, count, np.asarray(inside), is_document=True)
