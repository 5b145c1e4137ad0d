"""Text to token ids and back, behind one interface: characters, bytes, and BPE trained here.

Every token is a piece of bytes, and the pieces of a text, joined, are its UTF-8 bytes. So everything that
shows tokens works from ids and `piece`, never from offsets into the text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from playground.files import read_json, write_json_atomic, write_text_atomic

END_TOKEN = "<|endoftext|>"
"""Stands between two documents; it has no bytes, and typed by a person it is ordinary text."""

SPEC_FILE = "playground.json"
SMALLEST_BPE = 257


class TokenizerError(ValueError):
    """A tokenizer that can't be built or loaded; the message is one sentence."""


class Tokenizer(ABC):
    """What turns text into ids and back."""

    spec: str
    d_vocab: int
    end_id: int | None

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""

    @abstractmethod
    def piece(self, token_id: int) -> bytes:
        """Return the exact bytes of a token; none for the end token. Raises IndexError off the vocabulary."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the tokenizer into a folder, as JSON."""

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of many texts, as arrays."""
        return [np.array(self.encode(text), dtype=np.uint32) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.piece(int(i)) for i in ids).decode("utf-8", errors="replace")

    def unknown_characters(self, text: str) -> str:
        """Return the distinct characters of a text that the vocabulary lacks; they are left out of it."""
        return ""

    def label(self, token_id: int) -> str:
        """Return a token for display: white space visible, bytes that are no text as \\xNN."""
        if token_id == self.end_id:
            return END_TOKEN
        return show_bytes(self.piece(token_id))


VISIBLE = str.maketrans({" ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍"})


def show_bytes(piece: bytes) -> str:
    """Return bytes for display: white space visible, bytes that are no text as \\xNN."""
    text = piece.decode("utf-8", errors="backslashreplace")
    return "".join(c if c.isprintable() else escape(c) for c in text.translate(VISIBLE))


def escape(character: str) -> str:
    """Return a character that can't be seen as its code."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class CharTokenizer(Tokenizer):
    """One id per character of an alphabet, in order; characters outside it are left out.

    The end token, if there is one, is the last id.
    """

    spec = "char"

    def __init__(self, alphabet: str, end_token: bool) -> None:
        self.alphabet = "".join(sorted(set(alphabet)))
        self.end_id = len(self.alphabet) if end_token else None
        self.d_vocab = len(self.alphabet) + end_token
        self.codes = code_points(self.alphabet)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without the characters that are not in the alphabet."""
        return self._encode(text).tolist()

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of many texts, as arrays."""
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> NDArray[np.uint32]:
        if not self.alphabet:
            return np.zeros(0, dtype=np.uint32)
        codes = code_points(text)
        places = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return places[self.codes[places] == codes].astype(np.uint32)

    def piece(self, token_id: int) -> bytes:
        """Return the UTF-8 bytes of a character."""
        if token_id == self.end_id:
            return b""
        return self.alphabet[checked(token_id, self.d_vocab)].encode("utf-8", "surrogatepass")

    def unknown_characters(self, text: str) -> str:
        """Return the distinct characters that are not in the alphabet, in order."""
        return "".join(sorted(set(text) - set(self.alphabet)))

    def save(self, folder: Path) -> None:
        """Write the alphabet as JSON."""
        save_spec(folder, {"kind": "char", "alphabet": self.alphabet, "end_token": self.end_id is not None})


class ByteTokenizer(Tokenizer):
    """One id per byte; the end token, if there is one, is id 256."""

    spec = "byte"

    def __init__(self, end_token: bool) -> None:
        self.end_id = 256 if end_token else None
        self.d_vocab = 256 + end_token

    def encode(self, text: str) -> list[int]:
        """Return the UTF-8 bytes of a text."""
        return list(text.encode("utf-8", "surrogatepass"))

    def piece(self, token_id: int) -> bytes:
        """Return the byte itself."""
        return b"" if token_id == self.end_id else bytes([checked(token_id, self.d_vocab)])

    def save(self, folder: Path) -> None:
        """Write which tokenizer this is as JSON."""
        save_spec(folder, {"kind": "byte", "end_token": self.end_id is not None})


class BPETokenizer(Tokenizer):
    """Byte-level byte-pair encoding (Sennrich et al. 2016, Radford et al. 2019), trained here."""

    def __init__(self, library: LibraryTokenizer, end_token: bool) -> None:
        self.library = library
        self.d_vocab = library.get_vocab_size(with_added_tokens=False) + end_token
        self.end_id = self.d_vocab - 1 if end_token else None
        self.spec = f"bpe:{self.d_vocab}"

    @cached_property
    def pieces(self) -> list[bytes]:
        """The bytes of every token, by id."""
        to_byte = {character: byte for byte, character in byte_alphabet().items()}
        vocabulary = self.library.get_vocab(with_added_tokens=False)
        tokens = sorted(vocabulary, key=vocabulary.__getitem__)
        return [bytes(to_byte[c] for c in token) for token in tokens] + [b""] * (self.end_id is not None)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; a lone surrogate, which has no UTF-8, is left out."""
        return self.library.encode(without_surrogates(text)).ids

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of many texts, as arrays, on all cores."""
        encodings = self.library.encode_batch_fast([without_surrogates(text) for text in texts])
        return [np.array(encoding.ids, dtype=np.uint32) for encoding in encodings]

    def piece(self, token_id: int) -> bytes:
        """Return the bytes that were merged into this token."""
        return self.pieces[checked(token_id, self.d_vocab)]

    def unknown_characters(self, text: str) -> str:
        """Return the distinct lone surrogates of a text."""
        return "".join(sorted(set(text) - set(without_surrogates(text))))

    def save(self, folder: Path) -> None:
        """Write the merges in the library's own format, and beside them what it does not know."""
        folder.mkdir(parents=True, exist_ok=True)
        write_text_atomic(folder / "tokenizer.json", self.library.to_str(pretty=True), durable=True)
        save_spec(folder, {"kind": "bpe", "end_token": self.end_id is not None})


def train_bpe(texts: Sequence[str], size: int, end_token: bool) -> BPETokenizer:
    """Learn merges until there are `size` tokens (bytes, merges, end token), or the text is used up."""
    library = LibraryTokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - end_token,
        initial_alphabet=sorted(byte_alphabet().values()),
        show_progress=False,
    )
    library.train_from_iterator(map(without_surrogates, texts), trainer, length=len(texts))
    return BPETokenizer(library, end_token)


def byte_alphabet() -> dict[int, str]:
    """Return the visible character that byte-level BPE writes for each byte (Radford et al. 2019).

    Printable Latin-1 bytes stand for themselves; the others, in order, take the characters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}


def build_tokenizer(spec: str, texts: Sequence[str], *, end_token: bool) -> Tokenizer:
    """Build the tokenizer of a spec (char, byte, bpe:N) for these texts.

    Raises TokenizerError for an unknown spec or a vocabulary below 257 tokens.
    """
    kind, _, size = spec.partition(":")
    if kind == "char" and not size:
        return CharTokenizer("".join(set().union(*texts)), end_token)
    if kind == "byte" and not size:
        return ByteTokenizer(end_token)
    if kind != "bpe" or not size.isdecimal():
        raise TokenizerError(f"tokenizer must be char, byte or bpe:N (as bpe:512), but it is {spec!r}.")
    if int(size) < SMALLEST_BPE:
        raise TokenizerError(
            f"A BPE vocabulary needs at least {SMALLEST_BPE} tokens, but {size} were asked for."
        )
    return train_bpe(texts, int(size), end_token)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load what `save` wrote; raises TokenizerError if it is missing or garbled."""
    spec = read_json(folder / SPEC_FILE)
    try:
        if spec is None:
            raise KeyError(SPEC_FILE)
        if spec["kind"] == "char":
            return CharTokenizer(spec["alphabet"], spec["end_token"])
        if spec["kind"] == "byte":
            return ByteTokenizer(spec["end_token"])
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    except (KeyError, OSError) as error:
        raise TokenizerError(f"The tokenizer in {folder} is missing or garbled: {error}.") from error
    try:
        return BPETokenizer(LibraryTokenizer.from_str(text), spec["end_token"])
    except Exception as error:  # the library raises plain Exception for any fault
        raise TokenizerError(f"The tokenizer in {folder} is garbled: {error}.") from error


def save_spec(folder: Path, spec: dict) -> None:
    """Write which tokenizer lies in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json_atomic(folder / SPEC_FILE, spec, durable=True)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the Unicode code points of a text as numbers."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def without_surrogates(text: str) -> str:
    """Return a text without lone surrogates."""
    return text.encode("utf-8", "ignore").decode("utf-8")


def checked(token_id: int, d_vocab: int) -> int:
    """Return an id, or raise IndexError if it is not in the vocabulary."""
    if not 0 <= token_id < d_vocab:
        raise IndexError(f"There is no token {token_id}: ids go from 0 to {d_vocab - 1}.")
    return token_id
