"""Byte-level BPE by the word: long texts consist of few distinct words, and each is merged only once.

No merge joins two words, so a text has the tokens of its words, one behind the other. The words are found and
looked up by compiled code; the `tokenizers` library merges those that are new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer

from playground.tokenizers.base import code_points
from playground.tokenizers.compiled_words import (
    BLANK,
    DIGIT,
    LETTER,
    NOBODY,
    OTHER,
    UNKNOWN,
    count_tokens,
    number_words,
    write_ids,
)

CHARACTERS_AT_ONCE = 1 << 20
"""Of texts that are cut together; a longer text is left to the library."""

MAX_WORDS, MAX_LETTERS = 1 << 19, 1 << 22
"""With more words known, or more letters in them, all are forgotten: memory does not grow with the text."""

SLOTS = 1 << 21
"""More than MAX_WORDS and those that CHARACTERS_AT_ONCE can add."""

N_CODE_POINTS = 0x110000


class Words:
    """The words met so far and their ids, for a library tokenizer that cuts as GPT-2 does."""

    def __init__(self, library: LibraryTokenizer) -> None:
        self.library = library
        self.kinds = np.full(N_CODE_POINTS, UNKNOWN, np.uint8)
        capacity = MAX_WORDS + CHARACTERS_AT_ONCE + 1
        self.slots = np.empty(SLOTS, np.int32)
        self.hashes = np.empty(capacity, np.uint64)
        self.starts = np.zeros(capacity, np.int32)
        self.letters = np.empty(MAX_LETTERS + CHARACTERS_AT_ONCE, np.uint32)
        self.id_starts = np.zeros(capacity, np.int64)
        self.lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self.slots[:] = NOBODY
        self.ids = np.empty(0, np.uint32)
        self.n_known = 0

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of texts, which hold no lone surrogates."""
        with self.lock:
            return [ids for some in _batches(texts) for ids in self._encode_some(some)]

    def _encode_some(self, texts: list[str]) -> list[NDArray[np.uint32]]:
        if len(texts) == 1 and len(texts[0]) > CHARACTERS_AT_ONCE:
            return [np.array(self.library.encode(texts[0]).ids, np.uint32)]
        codes = code_points("".join(texts))
        self._learn_kinds(codes)
        if self.n_known > MAX_WORDS or self.starts[self.n_known] > MAX_LETTERS:
            self._forget()
        ends = np.cumsum([len(text) for text in texts])
        numbers = np.empty(len(codes) + len(texts), np.int32)
        n, known = number_words(
            codes, ends, self.kinds, self.slots, self.hashes, self.starts, self.letters, self.n_known, numbers
        )
        self._learn_ids(known)
        numbers = numbers[:n]
        tokens = np.empty(count_tokens(numbers, self.id_starts, ends), np.uint32)
        write_ids(numbers, self.id_starts, self.ids, tokens)
        return np.split(tokens, ends[:-1])

    def _learn_kinds(self, codes: NDArray[np.uint32]) -> None:
        """Ask the library after characters not met before: its Unicode tables may not be Python's."""
        cut = self.library.pre_tokenizer.pre_tokenize_str
        for code in np.unique(codes[self.kinds[codes] == UNKNOWN]).tolist():
            beside = ((LETTER, "a"), (DIGIT, "1"), (OTHER, "!"))
            joined = (kind for kind, other in beside if len(cut(other + chr(code))) == 1)
            self.kinds[code] = next(joined, BLANK)

    def _learn_ids(self, known: int) -> None:
        """Have the library merge the words from n_known on."""
        if known == self.n_known:
            return
        edges = self.starts[self.n_known : known + 1].tolist()
        letters = self.letters[edges[0] : edges[-1]].tobytes().decode("utf-32-le")
        words = [letters[a - edges[0] : b - edges[0]] for a, b in zip(edges[:-1], edges[1:], strict=True)]
        found = [encoding.ids for encoding in self.library.encode_batch_fast(words)]
        self.id_starts[self.n_known + 1 : known + 1] = self.id_starts[self.n_known] + np.cumsum(
            [len(ids) for ids in found]
        )
        self.ids = np.append(self.ids, np.array(list(chain.from_iterable(found)), np.uint32))
        self.n_known = known


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts in lots of at most CHARACTERS_AT_ONCE, or a longer one alone."""
    batch, size = [], 0
    for text in texts:
        if batch and size + len(text) > CHARACTERS_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch
