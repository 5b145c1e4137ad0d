"""Tokens on disk: one flat .npy file that grows as it is written and is mapped into memory to read."""

from __future__ import annotations

import contextlib
import mmap
from array import array
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Tokens = NDArray[np.integer]


def dtype_for(d_vocab: int) -> np.dtype:
    """Return the narrowest type for ids: uint16 where the vocabulary fits, else uint32."""
    return np.dtype(np.uint16 if d_vocab <= 1 << 16 else np.uint32)


class TokenFile:
    """Writes NAME.npy, and NAME.starts.npy with where each document begins; whole only once closed.

    With an end token, it stands before the first document and after each, and `starts` has one entry more
    than there are documents: the end. A text that is not made of documents has no starts.
    """

    def __init__(self, folder: Path, name: str, d_vocab: int, end_id: int | None) -> None:
        self.path, self.starts_path = folder / f"{name}.npy", folder / f"{name}.starts.npy"
        self.dtype, self.end_id = dtype_for(d_vocab), end_id
        self.length = 0
        self.starts = array("q")
        self.in_document = False
        self.file = open(self.path, "wb")  # noqa: SIM115 -- closed by close
        self._write_header()

    def _write_header(self) -> None:
        header = {"descr": npy.dtype_to_descr(self.dtype), "fortran_order": False, "shape": (self.length,)}
        npy.write_array_header_1_0(self.file, header)  # leaves room for the length to grow

    def add(self, texts: list[NDArray[np.uint32]], ends: list[bool]) -> None:
        """Append the tokens of texts, each the end of a document or not."""
        pieces = []
        for tokens, is_end in zip(texts, ends, strict=True):
            pieces.extend(self._begin_document())
            pieces.append(tokens)
            self.length += len(tokens)
            if is_end:
                pieces.extend(self._end_document())
        if pieces:
            try:
                self.file.write(np.concatenate(pieces).astype(self.dtype).tobytes())
            except OSError as error:  # of a full disk, say: it does not know which file it was about
                error.filename = str(self.path)
                raise

    def _begin_document(self) -> list[NDArray[np.uint32]]:
        if self.in_document:
            return []
        first = self.length == 0 and self.end_id is not None
        self.length += first
        self.starts.append(self.length)
        self.in_document = True
        return self._end_token() if first else []

    def _end_document(self) -> list[NDArray[np.uint32]]:
        self.in_document = False
        self.length += self.end_id is not None
        return self._end_token()

    def _end_token(self) -> list[NDArray[np.uint32]]:
        return [] if self.end_id is None else [np.array([self.end_id], dtype=np.uint32)]

    def discard(self) -> None:
        """Close a file that will not be whole."""
        with contextlib.suppress(OSError):  # what is still to be written can't be, and need not
            self.file.close()

    def close(self) -> None:
        """Write the final length into the header; and the starts, if there are documents."""
        self.file.seek(0)
        self._write_header()
        self.file.close()
        if not self.in_document and self.length:
            starts = np.frombuffer(self.starts, dtype=np.int64)
            np.save(self.starts_path, np.append(starts, self.length), allow_pickle=False)


class LearnedFile:
    """Writes NAME.learned.npy beside a TokenFile: of each token, whether the loss is taken on it.

    The end token after a document is learned if anything of the document is; the very first is not.
    """

    def __init__(self, folder: Path, name: str, end_id: int | None) -> None:
        self.path, self.has_end = folder / f"{name}.learned.npy", end_id is not None
        self.marks = bytearray(b"\0" if self.has_end else b"")
        self.any_in_document = False
        self.without_answer = 0
        """Documents of which nothing is learned."""

    def add(self, texts: list[NDArray[np.bool_]], ends: list[bool]) -> None:
        """Append which tokens of texts are learned, each text the end of a document or not."""
        for learned, is_end in zip(texts, ends, strict=True):
            self.marks += learned.astype(np.uint8).tobytes()
            self.any_in_document |= bool(learned.any())
            if is_end:
                self.marks += bytes([self.any_in_document]) if self.has_end else b""
                self.without_answer += not self.any_in_document
                self.any_in_document = False

    def close(self) -> int:
        """Write the file, and return how many tokens are learned."""
        learned = np.frombuffer(self.marks, dtype=bool)
        np.save(self.path, learned, allow_pickle=False)
        return int(learned.sum())


def read_tokens(path: Path) -> Tokens:
    """Return tokens that stay on the disk until they are read."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def read_learned(path: Path) -> NDArray[np.bool_]:
    """Return which tokens are learned; read from the disk as well."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def refuse_beyond(tokens: Tokens, d_vocab: int) -> None:
    """Raise ValueError if an id is negative, or not below d_vocab."""
    if not len(tokens):
        return
    low = 0 if tokens.dtype.kind == "u" else int(tokens.min())
    high = int(tokens.max())
    if low < 0 or high >= d_vocab:
        wrong = low if low < 0 else high
        raise ValueError(f"Token ids go from 0 to d_vocab - 1 = {d_vocab - 1}, but one of them is {wrong}.")


def release(tokens: Tokens) -> None:
    """Let go of the memory that reading a mapped file has taken; what is read again comes from the disk."""
    if tokens.flags.writeable:  # what was changed in memory would be lost
        return
    base = tokens
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
        base.madvise(mmap.MADV_DONTNEED)
