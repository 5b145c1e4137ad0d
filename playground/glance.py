"""A look at a text before it is prepared: its first documents and their lengths, without reading all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from playground.corpora import Corpus
from playground.corpora.parts import parts_of
from playground.tokenizers import Tokenizer

READ_DOCUMENTS = 2000
READ_CHARACTERS = 4_000_000
SHOWN_CHARACTERS = 2000


@dataclass(frozen=True)
class Lengths:
    """How long documents are, in characters or tokens."""

    count: int
    total: int
    smallest: int
    median: float
    mean: float
    largest: int
    edges: list[int]
    """Edges of the bins, one more than bins: powers of two, so that long tails can be seen."""
    counts: list[int]
    """Documents with edges[i] <= length < edges[i + 1]."""


@dataclass(frozen=True)
class Glance:
    """What the beginning of a text tells."""

    documents: list[str]
    """The first ones, each up to SHOWN_CHARACTERS."""
    characters: Lengths
    """Of the documents that were read; of one text without documents, its length."""
    is_all: bool
    """Whether there is no more than was read."""
    whole_documents: bool
    """False: one text, which has no documents."""
    empty_dropped: int
    """Blank documents so far; all of them, of a text that is kept without them."""
    read: list[str]
    """All that was read, to be cut into tokens."""


def glance(
    corpus: Corpus,
    n_shown: int = 5,
    max_documents: int = READ_DOCUMENTS,
    max_characters: int = READ_CHARACTERS,
) -> Glance:
    """Read the first documents of a corpus, up to a number of documents or characters.

    Raises the error of the source where it can't be read.
    """
    read, empty, is_all = _read(corpus, max_documents, max_characters)
    if not corpus.whole_documents:
        read = ["".join(read)] if read else []
    return Glance(
        documents=[document[:SHOWN_CHARACTERS] for document in read[:n_shown]],
        characters=lengths([len(document) for document in read]),
        is_all=is_all,
        whole_documents=corpus.whole_documents,
        empty_dropped=empty + corpus.empty_dropped,
        read=read,
    )


def _read(corpus: Corpus, max_documents: int, max_characters: int) -> tuple[list[str], int, bool]:
    """Return documents that are not blank, how many were, and whether there are no more."""
    read: list[str] = []
    empty = size = 0
    for document in corpus.documents:
        if corpus.whole_documents and not document.strip():
            empty += 1
            continue
        if size >= max_characters or (corpus.whole_documents and len(read) >= max_documents):
            return read, empty, False
        read.append(document)
        size += len(document)
    return read, empty, True


def token_lengths(documents: Sequence[str], tokenizer: Tokenizer) -> Lengths:
    """Return how long documents are in tokens, cut into parts that all cores share, as in preparing."""
    parts = [(i, part) for i, document in enumerate(documents) for part in parts_of(document)]
    counts = [0] * len(documents)
    for (i, _), ids in zip(parts, tokenizer.encode_batch([part for _, part in parts]), strict=True):
        counts[i] += len(ids)
    return lengths(counts)


def lengths(values: Sequence[int]) -> Lengths:
    """Return how a number of lengths are distributed; of none, all numbers are 0."""
    found = np.array(values, dtype=np.int64)
    if not len(found):
        return Lengths(0, 0, 0, 0.0, 0.0, 0, [], [])
    low, high = int(found.min()), int(found.max())
    first, last = (max(0, n.bit_length() - 1) for n in (low, high))
    edges = [0 if n == 0 and low == 0 else 2**n for n in range(first, last + 2)]
    counts = np.histogram(found, [*edges[:-1], high + 1])[0]  # the last edge of numpy's bins belongs to them
    middle, mean = float(np.median(found)), float(found.mean())
    return Lengths(len(found), int(found.sum()), low, middle, mean, high, edges, counts.tolist())
