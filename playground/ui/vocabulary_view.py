"""A vocabulary to look through: pages of it, search, and how common its tokens are by rank."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playground.tokenizers import Tokenizer
from playground.ui.token_view import represent

PAGE_ROWS = 50
ZIPF_POINTS = 200
TYPED = str.maketrans({"·": " ", "⏎": "\n", "⇥": "\t"})
"""The signs by which white space is shown can be searched for."""


@lru_cache(maxsize=8)
def labels_of(tokenizer: Tokenizer) -> list[str]:
    """Return every token of a vocabulary for display, by id."""
    return [tokenizer.label(i) for i in range(tokenizer.d_vocab)]


def search(tokenizer: Tokenizer, query: str, counts: NDArray[np.integer] | None) -> list[int]:
    """Return the ids whose text holds the query, or whose number it is, the commonest first if counted.

    The token of that very number or text comes first.
    """
    labels, wanted = labels_of(tokenizer), query.translate(TYPED).encode("utf-8", "surrogatepass")
    found = [i for i, label in enumerate(labels) if _holds(tokenizer.piece(i), label, query, wanted)]
    if counts is not None:
        found.sort(key=lambda i: -counts[i])
    if not query:
        return found
    number = int(query) if query.isdecimal() and len(query) < 9 else -1
    if 0 <= number < tokenizer.d_vocab and number not in found:
        found.insert(0, number)
    return sorted(
        found, key=lambda i: not (i == number or tokenizer.piece(i) == wanted or labels[i] == query)
    )


def _holds(piece: bytes, label: str, query: str, wanted: bytes) -> bool:
    """Search bytes by their text, or by their label where that is a code or the name of a special token."""
    return wanted in piece or ((query.startswith("\\") or not piece) and query in label)


def page_of(
    tokenizer: Tokenizer, query: str, page: int, counts: NDArray[np.integer] | None
) -> dict[str, Any]:
    """Return one page of what a query finds: id, label, bytes, repr, and count in the corpus if known."""
    found = search(tokenizer, query, counts)
    pages = max(1, -(-len(found) // PAGE_ROWS))
    page = min(max(page, 0), pages - 1)
    rows = []
    for i in found[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]:
        piece = tokenizer.piece(i)
        count = None if counts is None else int(counts[i])
        shown = represent(piece) if piece else tokenizer.label(i)
        rows.append([i, tokenizer.label(i), piece.hex(" "), shown, count])
    return {"rows": rows, "page": page, "pages": pages, "found": len(found), "d_vocab": tokenizer.d_vocab}


def zipf_points(tokenizer: Tokenizer, counts: NDArray[np.integer]) -> list[list[Any]]:
    """Return [rank, count, id, label] of tokens that occur, evenly spaced by the logarithm of the rank."""
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    if not len(order):
        return []
    ranks = np.unique(np.geomspace(1, len(order), ZIPF_POINTS).round().astype(np.int64))
    return [
        [rank, int(counts[order[rank - 1]]), int(order[rank - 1]), tokenizer.label(int(order[rank - 1]))]
        for rank in ranks.tolist()
    ]
