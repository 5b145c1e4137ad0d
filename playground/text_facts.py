"""What a prepared text is made of: its sizes by split, how long its documents are, its commonest tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playground.prepared import Prepared
from playground.token_files import Tokens
from playground.tokenizers import Tokenizer

CHUNK = 4_000_000
"""Tokens that are looked at together, so that memory does not grow with the text."""

MAX_PAIRED = 4_000_000
"""The pairs of at most as many tokens, the first, are counted."""

MAX_MEASURED = 20_000_000
"""The documents within at most as many tokens, the first, are measured."""

CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
"""Bytes of UTF-8 that begin no character."""


@dataclass(frozen=True)
class SplitFacts:
    """The size of one split; end tokens count as tokens."""

    name: str
    documents: int
    """0 for a text that is not made of documents."""
    tokens: int
    bytes: int


@dataclass(frozen=True)
class Lengths:
    """How long documents are, one entry each, and of how many documents there are."""

    tokens: NDArray[np.int64]
    """Without the end token."""
    characters: NDArray[np.int64]
    n_documents: int


def split_facts(prepared: Prepared, counts: dict[str, NDArray[np.int64]]) -> list[SplitFacts]:
    """Return the sizes of every split from the counts of its tokens."""
    n_bytes, _ = piece_sizes(prepared.tokenizer)
    return [
        SplitFacts(name, n_documents(prepared, name), len(tokens), int(counts[name] @ n_bytes))
        for name, tokens in prepared.tokens.items()
    ]


def n_documents(prepared: Prepared, split: str) -> int:
    """Return the number of documents in a split; 0 for a text that is not made of them."""
    return len(prepared.starts[split]) - 1 if split in prepared.starts else 0


def piece_sizes(tokenizer: Tokenizer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bytes, and the characters that begin in each token, both of shape (d_vocab,)."""
    pieces = [tokenizer.piece(i) for i in range(tokenizer.d_vocab)]
    n_bytes = np.array([len(piece) for piece in pieces], dtype=np.int64)
    starts = [len(piece.translate(None, CONTINUATION_BYTES)) for piece in pieces]
    return n_bytes, np.array(starts, dtype=np.int64)


def lengths(prepared: Prepared) -> Lengths:
    """Measure the documents of every split, the first MAX_MEASURED tokens of each."""
    _, per_token = piece_sizes(prepared.tokenizer)
    tokens, characters = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for split, starts in prepared.starts.items():
        bounds = np.asarray(starts, dtype=np.int64)
        bounds = bounds[: max(2, int(np.searchsorted(bounds, MAX_MEASURED, side="right")))]
        tokens.append(np.diff(bounds) - 1)
        characters.extend(_sums(per_token, prepared.tokens[split], bounds))
    total = sum(n_documents(prepared, split) for split in prepared.starts)
    return Lengths(np.concatenate(tokens), np.concatenate(characters), total)


def _sums(
    values: NDArray[np.int64], tokens: Tokens, bounds: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """Yield the sums of values[token] over each document, some documents at a time."""
    first = 0
    while first < len(bounds) - 1:
        last = int(np.searchsorted(bounds, bounds[first] + CHUNK, side="right")) - 1
        last = max(last, first + 1)
        inside = values[tokens[bounds[first] : bounds[last]]]
        yield np.add.reduceat(inside, bounds[first:last] - bounds[first])
        first = last


def top_tokens(counts: NDArray[np.int64], k: int) -> list[tuple[int, int]]:
    """Return the k commonest ids and their counts, commonest first; none that does not occur."""
    order = np.argsort(-counts, kind="stable")[:k]
    return [(int(i), int(counts[i])) for i in order if counts[i]]


def top_pairs(tokens: Tokens, d_vocab: int, k: int) -> list[tuple[int, int, int]]:
    """Return the k commonest pairs of neighbours and their counts, in the first MAX_PAIRED tokens."""
    read = np.asarray(tokens[:MAX_PAIRED]).astype(np.int64)
    keys, counts = np.unique(read[:-1] * d_vocab + read[1:], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:k]
    return [(int(keys[i] // d_vocab), int(keys[i] % d_vocab), int(counts[i])) for i in order]
