"""Text files to strings, in blocks or as a whole, or one sentence on why not.

The encoding is never guessed, since a wrong guess would be learned without a word: a byte-order mark decides,
else it is UTF-8, or what the person has named. Every byte must fit.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 64 * 2**20
"""Largest text file that is read into memory: 64 MiB."""

BLOCK_BYTES = 2**20

MARKS = {  # the mark of UTF-32 begins with that of UTF-16, so it is looked for first
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


class TextFileError(ValueError):
    """A file that can't be used as text; the message is one sentence that names it and what is wrong."""


def text_blocks(path: Path, encoding: str = "") -> Iterator[str]:
    """Yield the text of a file in blocks of about a megabyte; line ends become "\\n".

    encoding: where there is no byte-order mark; "": UTF-8. Raises TextFileError for what is missing, no file
    or binary, and for a byte that its encoding does not know.
    """
    return _unix_line_ends(_decoded_blocks(path, encoding))


def _decoded_blocks(path: Path, encoding: str) -> Iterator[str]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise TextFileError(f"{path.name or path} is not a file.")
        with path.open("rb") as file:
            mark, marked = _mark(file.read(4))
            file.seek(len(mark))
            yield from _decoded(file, len(mark), marked or codec_name(encoding or "utf-8"), path.name)
    except OSError as error:
        raise TextFileError(f"{path} can't be read: {error.strerror}.") from error


def _mark(head: bytes) -> tuple[bytes, str]:
    return next(((mark, encoding) for mark, encoding in MARKS.items() if head.startswith(mark)), (b"", ""))


def codec_name(encoding: str) -> str:
    """Return Python's name of an encoding; raises TextFileError if there is no such one of text."""
    try:
        known = codecs.lookup(encoding)
    except LookupError as error:
        raise TextFileError(f"There is no encoding named {encoding!r}: it is one such as cp1252.") from error
    if not known._is_text_encoding:
        raise TextFileError(f"{encoding!r} is no encoding of text: name one such as cp1252.")
    return known.name


def _decoded(file: BinaryIO, place: int, encoding: str, name: str) -> Iterator[str]:
    """Decode what is left of a file, of which `place` bytes were read."""
    decoder = codecs.getincrementaldecoder(encoding)()
    n_characters = 0
    while True:
        block = file.read(BLOCK_BYTES)
        if encoding == "utf-8" and (first := block.find(0)) >= 0:
            raise TextFileError(
                f"{name} is binary, or UTF-16 without a byte-order mark: byte {place + first} is zero."
            )
        begin = place - len(decoder.getstate()[0])  # bytes that were kept, since a character goes on
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise TextFileError(_bad_byte(error, begin, encoding, name)) from error
        if (zero := text.find("\0")) >= 0:
            raise TextFileError(f"{name} is binary: character {n_characters + zero} of it is zero.")
        yield text
        if not block:
            return
        n_characters += len(text)
        place += len(block)


def _bad_byte(error: UnicodeDecodeError, begin: int, encoding: str, name: str) -> str:
    bad = f"byte {begin + error.start} (0x{error.object[error.start]:02x}) can't be decoded"
    named = encoding.removesuffix("-le").removesuffix("-be").upper()
    return f"{name} is not {named} text: {bad}; save it as UTF-8, or name its encoding, such as cp1252."


def _unix_line_ends(blocks: Iterator[str]) -> Iterator[str]:
    """Replace "\\r\\n" by "\\n", also where a block ends between the two."""
    rest = ""
    for block in blocks:
        text = rest + block
        rest = "\r" if text.endswith("\r") else ""
        if whole := text.removesuffix(rest).replace("\r\n", "\n"):
            yield whole
    if rest:
        yield rest


def read_text_file(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES, encoding: str = "") -> str:
    """Return the text of a file, by the rules of text_blocks.

    The size is checked before anything is read. Raises TextFileError, also for a file that is too large.
    """
    path, size, blocks = Path(path), 0, []
    with contextlib.suppress(FileNotFoundError):  # text_blocks says so
        check_size(path.stat().st_size, max_bytes, path.name)
    for block in text_blocks(path, encoding):
        blocks.append(block)
        size += len(block)
        check_size(size, max_bytes, path.name)  # it may have grown since
    return "".join(blocks)


def check_size(size: int, max_bytes: int, name: str) -> None:
    """Raise TextFileError for more bytes than may be read at once."""
    if size > max_bytes:
        raise TextFileError(f"{name} has {in_units(size)}, but at most {in_units(max_bytes)} can be read.")


def in_units(size: int) -> str:
    """Return a number of bytes in words."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size} bytes"
