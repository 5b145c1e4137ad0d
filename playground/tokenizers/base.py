"""What every tokenizer can do, and how tokens are shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playground.files import write_json_atomic

END_TOKEN = "<|endoftext|>"
"""Stands between two documents; it has no bytes, and typed by a person it is ordinary text."""

SPEC_FILE = "playground.json"
"""Says in a folder which kind of tokenizer lies there."""


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


def save_spec(folder: Path, spec: dict) -> None:
    """Write which tokenizer lies in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json_atomic(folder / SPEC_FILE, spec, durable=True)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the Unicode code points of a text as numbers."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def without_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which have no UTF-8."""
    return text.encode("utf-8", "ignore").decode("utf-8")


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
