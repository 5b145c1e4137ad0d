"""Byte-level byte-pair encoding: trained here, or with GPT-2's own merges."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from playground.files import write_text_atomic
from playground.tokenizers.base import (
    Tokenizer,
    checked,
    encode_around_surrogates,
    has_surrogates,
    save_spec,
    without_surrogates,
)

if TYPE_CHECKING:
    from playground.tokenizers.words import Words

BY_WORD_FROM = 1_000_000
"""Characters to cut at once from which loading the compiler pays."""

GPT2_MERGES = Path(__file__).parent / "gpt2" / "merges.txt.gz"


class BPETokenizer(Tokenizer):
    """Byte-level byte-pair encoding (Sennrich et al. 2016, Radford et al. 2019).

    Ids: the 256 bytes, then the merges in the order learned, then the end token if there is one.
    """

    def __init__(self, library: LibraryTokenizer, end_token: bool, spec: str = "") -> None:
        self.library = library
        self.d_vocab = library.get_vocab_size(with_added_tokens=False) + end_token
        self.end_id = self.d_vocab - 1 if end_token else None
        self.spec = spec or f"bpe:{self.d_vocab}"

    @cached_property
    def pieces(self) -> list[bytes]:
        """The bytes of every token, by id."""
        vocabulary = self.library.get_vocab(with_added_tokens=False)
        tokens = sorted(vocabulary, key=vocabulary.__getitem__)
        return [token_bytes(token) for token in tokens] + [b""] * (self.end_id is not None)

    @cached_property
    def merges(self) -> list[tuple[str, str]]:
        """The merges in the order learned, in the library's visible byte characters."""
        return [tuple(pair) for pair in json.loads(self.library.to_str())["model"]["merges"]]

    def after(self, n_merges: int) -> BPETokenizer:
        """Return this tokenizer as it was after its first n_merges merges; raises ValueError out of range."""
        if not 0 <= n_merges <= len(self.merges):
            raise ValueError(f"n_merges must be from 0 to {len(self.merges)}, but it is {n_merges}.")
        tokens = self.library.get_vocab(with_added_tokens=False)
        letters = [token for token in tokens if tokens[token] < 256]
        merges = self.merges[:n_merges]
        vocabulary = {token: tokens[token] for token in letters}
        for left, right in merges:
            vocabulary.setdefault(left + right, len(vocabulary))
        return BPETokenizer(byte_level(models.BPE(vocabulary, merges)), self.end_id is not None)

    @cached_property
    def byte_ids(self) -> dict[int, int]:
        """The id of each byte that stands alone."""
        vocabulary = self.library.get_vocab(with_added_tokens=False)
        return {byte: vocabulary[token] for byte, token in byte_alphabet().items()}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; a lone surrogate, which has no UTF-8, as three bytes."""
        if has_surrogates(text):
            return encode_around_surrogates(text, self._encode, self.byte_ids)
        return self._encode(text)

    def _encode(self, text: str) -> list[int]:
        return self.library.encode(text).ids

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of many texts, as arrays, on all cores."""
        if any(map(has_surrogates, texts)):
            return super().encode_batch(texts)
        if "words" in vars(self) or sum(map(len, texts)) >= BY_WORD_FROM:
            return self.words.encode(texts)
        encodings = self.library.encode_batch_fast(list(texts))
        return [np.array(encoding.ids, dtype=np.uint32) for encoding in encodings]

    @cached_property
    def words(self) -> Words:
        """The words of long texts, each merged once."""
        from playground.tokenizers.words import Words  # it imports a compiler

        return Words(self.library)

    def piece(self, token_id: int) -> bytes:
        """Return the bytes that were merged into this token."""
        return self.pieces[checked(token_id, self.d_vocab)]

    def save(self, folder: Path) -> None:
        """Write the merges in the library's own format, and beside them what it does not know."""
        folder.mkdir(parents=True, exist_ok=True)
        write_text_atomic(folder / "tokenizer.json", self.library.to_str(pretty=True), durable=True)
        kind = "gpt2" if self.spec == "gpt2" else "bpe"
        save_spec(folder, {"kind": kind, "end_token": self.end_id is not None})


def byte_level(model: models.BPE) -> LibraryTokenizer:
    """Return a library tokenizer that cuts as GPT-2 does and merges by this model."""
    library = LibraryTokenizer(model)
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    return library


def train_bpe(texts: Iterable[str], size: int, end_token: bool) -> BPETokenizer:
    """Learn merges until there are `size` tokens (bytes, merges, end token), or the text is used up."""
    library = byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size - end_token,
        initial_alphabet=sorted(byte_alphabet().values()),
        show_progress=False,
    )
    library.train_from_iterator(map(without_surrogates, texts), trainer)
    return BPETokenizer(library, end_token)


@cache
def gpt2_tokenizer() -> BPETokenizer:
    """Return GPT-2's tokenizer: 50,257 ids, the last of them the end token (Radford et al. 2019)."""
    lines = gzip.decompress(GPT2_MERGES.read_bytes()).decode("utf-8").split("\n")
    merges = [(left, right) for left, _, right in (line.partition(" ") for line in lines[1:] if line)]
    tokens = [*byte_alphabet().values(), *(left + right for left, right in merges)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return BPETokenizer(byte_level(models.BPE(vocabulary, merges)), end_token=True, spec="gpt2")


def byte_alphabet() -> dict[int, str]:
    """Return the visible character that byte-level BPE writes for each byte (Radford et al. 2019).

    Printable Latin-1 bytes stand for themselves; the others, in order, take the characters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}


@cache
def _bytes_by_character() -> dict[str, int]:
    return {character: byte for byte, character in byte_alphabet().items()}


def token_bytes(token: str) -> bytes:
    """Return the bytes that a token in visible byte characters stands for; raises KeyError for others."""
    to_byte = _bytes_by_character()
    return bytes(to_byte[character] for character in token)
