"""Which part of a text is for training, which for validation, which for the final test."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playground.config import ConfigError
from playground.corpora import Corpus
from playground.corpora.parts import parts_of

SPLITS = ("train", "val", "test")

MIN_DOCUMENTS_TO_SPLIT = 20
"""With fewer documents the validation text is the end of the text, not whole documents."""

BETWEEN = "\n\n"
"""Stands between documents where they are too few to be split, and make one text."""

Report = Callable[[str, int, int], None]
"""Told the phase in words, how much of it is done, and of how much (0: not known); may raise to cancel."""

REPORT_EVERY = 2_000_000
"""Characters between two reports."""


def ignore(phase: str, done: int, total: int) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Scan:
    """What one reading of a corpus tells."""

    n_chars: NDArray[np.int64]
    """Characters of every document that is not blank."""
    empty_dropped: int
    digest: str
    """Of the text and where its documents end."""


def scan(corpus: Corpus, report: Report = ignore) -> Scan:
    """Read a corpus once, without keeping it."""
    chars, digest, empty, read = array("q"), hashlib.blake2b(digest_size=16), 0, 0
    for document in corpus.documents:
        if not document.strip() and corpus.whole_documents:
            empty += 1
            continue
        data = document.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)};".encode() if corpus.whole_documents else b"")
        digest.update(data)
        chars.append(len(document))
        before, read = read, read + len(document)
        if before // REPORT_EVERY < read // REPORT_EVERY:
            report("reading the text", read, 0)
    lengths = np.frombuffer(chars, dtype=np.int64)  # shares their memory: there may be millions
    return Scan(lengths, empty + corpus.empty_dropped, digest.hexdigest())


@dataclass(frozen=True)
class Split:
    """Where every document goes; or, for a text of few documents or none, where it is cut."""

    places: NDArray[np.uint8] | None
    """The split of each document, an index into SPLITS."""
    cuts: tuple[int, int]
    """Without places: the characters at which the validation and the test text begin."""

    @property
    def whole_documents(self) -> bool:
        """Whether no document is in two splits."""
        return self.places is not None


def split(found: Scan, whole_documents: bool, fractions: tuple[float, float], seed: int) -> Split:
    """Hold out whole documents for validation and test, chosen by seed; of few, the end of the text.

    `fractions` are the shares of characters for validation and for test, 0 for no test text.
    Raises ConfigError if a part would be empty.
    """
    n = len(found.n_chars)
    if whole_documents and n >= MIN_DOCUMENTS_TO_SPLIT:
        return Split(_draw(found.n_chars, fractions, seed), (0, 0))
    total = int(found.n_chars.sum()) + (len(BETWEEN) * (n - 1) if whole_documents else 0)
    val, test = fractions
    cuts = int(total * (1 - val - test)), int(total * (1 - test))
    if not 0 < cuts[0] < cuts[1] or (test and cuts[1] == total):
        raise ConfigError(f"The text has {total} characters: too short to train on and to validate on.")
    return Split(None, cuts)


def _draw(lengths: NDArray[np.int64], fractions: tuple[float, float], seed: int) -> NDArray[np.uint8]:
    order = np.random.default_rng(seed).permutation(len(lengths))
    reached = lengths[order].cumsum() / lengths.sum()
    n_val = 1 + int(np.searchsorted(reached, fractions[0]))
    n_held = 1 + int(np.searchsorted(reached, sum(fractions))) if fractions[1] else n_val
    places = np.zeros(len(lengths), dtype=np.uint8)
    places[order[:n_val]] = SPLITS.index("val")
    places[order[n_val:n_held]] = SPLITS.index("test")
    return places


@dataclass(frozen=True)
class Piece:
    """A stretch of text, all of it in one split."""

    split: int
    text: str
    ends_document: bool
    """Whether a document ends with it; never, in a text that was cut."""
    learned_from: int = 0
    """The character from which on it is learned; its length: nothing of it."""


def pieces(
    corpus: Corpus, chosen: Split, learned_from: Callable[[str], int] | None = None
) -> Iterator[Piece]:
    """Yield the text in order, in pieces short enough to be worked on.

    `learned_from` tells of a whole document from which character on it is learned; without it, all is.
    """
    if chosen.places is None:
        yield from _cut(_as_one_text(corpus), chosen.cuts)
        return
    kept = (document for document in corpus.documents if document.strip())
    for place, document in zip(map(int, chosen.places), kept, strict=True):
        start, begin = 0, 0 if learned_from is None else learned_from(document)
        for part in parts_of(document):
            ends = start + len(part) == len(document)
            yield Piece(place, part, ends, min(max(begin - start, 0), len(part)))
            start += len(part)


def _as_one_text(corpus: Corpus) -> Iterator[str]:
    if not corpus.whole_documents:
        yield from corpus.documents
        return
    for number, document in enumerate(d for d in corpus.documents if d.strip()):
        yield BETWEEN + document if number else document


def _cut(texts: Iterator[str], cuts: tuple[int, int]) -> Iterator[Piece]:
    start = 0
    for text in texts:
        inner = [cut - start for cut in cuts if start < cut < start + len(text)]
        for begin, end in zip([0, *inner], [*inner, len(text)], strict=True):
            place = sum(start + begin >= cut for cut in cuts)
            yield from (Piece(place, part, ends_document=False) for part in parts_of(text[begin:end]))
        start += len(text)
