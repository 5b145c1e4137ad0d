"""What every tokenizer can do, and how tokens are shown."""

from __future__ import annotations

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playground.files import write_json_atomic

END_TOKEN = "<|endoftext|>"
"""Stands between two documents; it has no bytes, and typed by a person it is ordinary text."""

SPEC_FILE = "playground.json"
"""Says in a folder which kind of tokenizer lies there."""


KEEP_SURROGATES = "playground.keep_surrogates"
"""Name of the rule by which bytes that are no UTF-8 are decoded."""

SURROGATES = re.compile("([\ud800-\udfff]+)")
SURROGATE_BYTES = frozenset([0xED, *range(0x80, 0xC0)])
"""The bytes of which surrogates consist."""


class TokenizerError(ValueError):
    """A tokenizer that can't be built or loaded; the message is one sentence."""


class Tokenizer(ABC):
    """What turns text into ids and back."""

    spec: str
    d_vocab: int
    end_id: int | None

    @property
    def identity(self) -> str:
        """What two tokenizers that cut every text alike have in common."""
        return self.spec

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

    @cached_property
    def piece_bytes(self) -> NDArray[np.int64]:
        """The bytes of each token, by id."""
        return np.array([len(self.piece(i)) for i in range(self.d_vocab)], dtype=np.int64)

    def holds_from(self, text: str, ids: NDArray[np.integer], place: int) -> NDArray[np.bool_]:
        """Tell of each token of a text whether it holds anything of it from character `place` on."""
        ends = self.piece_bytes[ids].cumsum()
        before, total = (len(part.encode("utf-8", "surrogatepass")) for part in (text[:place], text))
        if len(ids) and ends[-1] == total:
            return ends > before
        return np.arange(len(ids)) >= len(self.encode(text[:place]))  # characters it lacks were left out

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; bytes that are no UTF-8 become U+FFFD.

        A lone surrogate, which a text can hold but no file, comes back as it was: text for a page or a file
        is better read by `text_of` or TextStream, which never give one.
        """
        return b"".join(self.piece(int(i)) for i in ids).decode("utf-8", errors=KEEP_SURROGATES)

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


def save_spec(folder: Path, spec: dict) -> None:
    """Write which tokenizer lies in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json_atomic(folder / SPEC_FILE, spec, durable=True)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the Unicode code points of a text as numbers."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def without_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which have no UTF-8."""
    return text.encode("utf-8", "ignore").decode("utf-8") if has_surrogates(text) else text


def has_surrogates(text: str) -> bool:
    """Tell whether a text holds lone surrogates."""
    try:
        text.isascii() or text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def encode_around_surrogates(
    text: str, encode: Callable[[str], list[int]], byte_ids: Mapping[int, int]
) -> list[int]:
    """Return the ids of a text with lone surrogates: each as three bytes, where there are ids for them."""
    ids: list[int] = []
    for place, part in enumerate(SURROGATES.split(text)):
        if place % 2:
            found = map(byte_ids.get, part.encode("utf-8", "surrogatepass"))
            ids += [number for number in found if number is not None]
        elif part:
            ids += encode(part)
    return ids


def _keep_surrogate(error: UnicodeError) -> tuple[str, int]:
    """Decode the three bytes of a lone surrogate; other bytes that are no UTF-8 become U+FFFD."""
    assert isinstance(error, UnicodeDecodeError)
    three = error.object[error.start : error.start + 3]
    if re.fullmatch(rb"\xed[\xa0-\xbf][\x80-\xbf]", three):
        return three.decode("utf-8", "surrogatepass"), error.start + 3
    return "\ufffd", error.end


codecs.register_error(KEEP_SURROGATES, _keep_surrogate)


def lone_surrogates(text: str) -> str:
    """Return the distinct lone surrogates of a text, in order."""
    if text.isascii():
        return ""
    return "".join(sorted(c for c in set(text) if "\ud800" <= c <= "\udfff"))


def checked(token_id: int, d_vocab: int) -> int:
    """Return an id, or raise IndexError if it is not in the vocabulary."""
    if not 0 <= token_id < d_vocab:
        raise IndexError(f"There is no token {token_id}: ids go from 0 to {d_vocab - 1}.")
    return token_id
