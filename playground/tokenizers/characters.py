"""Tokenizers that need no merges: the characters of a text, a given alphabet, and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playground.tokenizers.base import (
    Tokenizer,
    TokenizerError,
    checked,
    code_points,
    save_spec,
)

COURSE_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789 .!?"
"""40 symbols: enough for simple English, and few enough for a very small model."""


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
        places, known = self._look_up(text)
        return places[known]

    def _look_up(self, text: str) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """Return the id of every character, and whether it has one."""
        codes = code_points(text)
        if not self.alphabet:
            return np.zeros(len(codes), dtype=np.uint32), np.zeros(len(codes), dtype=bool)
        places = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1).astype(np.uint32)
        return places, self.codes[places] == codes

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


class AlphabetTokenizer(CharTokenizer):
    """A given alphabet, one id per character in the order given, whatever the text.

    The rule for other characters: text is lower-cased unless the alphabet has capitals; what is then not
    in the alphabet becomes a blank, and runs of blanks become one. Without a blank in the alphabet, it is
    left out. Raises TokenizerError for an empty alphabet, or one that names a character twice.
    """

    def __init__(self, alphabet: str, end_token: bool) -> None:
        if not alphabet or len(set(alphabet)) < len(alphabet):
            raise TokenizerError(f"An alphabet names each character once, but this one is {alphabet!r}.")
        super().__init__(alphabet, end_token)
        self.alphabet = alphabet
        order = np.argsort(code_points(alphabet), kind="stable")
        self.ids = order.astype(np.uint32)
        self.lower = alphabet == alphabet.lower()
        self.blank = alphabet.find(" ")
        self.spec = "alphabet" if alphabet == COURSE_ALPHABET else f"alphabet:{alphabet}"

    def _encode(self, text: str) -> NDArray[np.uint32]:
        places, known = self._look_up(text.lower() if self.lower else text)
        ids = self.ids[places]
        if self.blank < 0:
            return ids[known]
        ids[~known] = self.blank
        is_blank = ids == self.blank
        repeated = np.zeros(len(ids), dtype=bool)
        repeated[1:] = is_blank[1:] & is_blank[:-1]
        return ids[~repeated]

    def unknown_characters(self, text: str) -> str:
        """Return the distinct characters that become a blank, or are left out where there is none."""
        return super().unknown_characters(text.lower() if self.lower else text)

    def save(self, folder: Path) -> None:
        """Write the alphabet, in its order, as JSON."""
        spec = {"kind": "alphabet", "alphabet": self.alphabet, "end_token": self.end_id is not None}
        save_spec(folder, spec)


class ByteTokenizer(Tokenizer):
    """One id per byte; the end token, if there is one, is id 256."""

    spec = "byte"

    def __init__(self, end_token: bool) -> None:
        self.end_id = 256 if end_token else None
        self.d_vocab = 256 + end_token

    def encode(self, text: str) -> list[int]:
        """Return the UTF-8 bytes of a text."""
        return list(text.encode("utf-8", "surrogatepass"))

    def encode_batch(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the bytes of many texts, as arrays."""
        read = (np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8) for text in texts)
        return [array.astype(np.uint32) for array in read]

    def piece(self, token_id: int) -> bytes:
        """Return the byte itself."""
        return b"" if token_id == self.end_id else bytes([checked(token_id, self.d_vocab)])

    def save(self, folder: Path) -> None:
        """Write which tokenizer this is as JSON."""
        save_spec(folder, {"kind": "byte", "end_token": self.end_id is not None})
