"""One's own text: a file or bytes to a string, or one sentence on why not."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

MAX_BYTES = 64 * 2**20
"""Largest text file that is read into memory: 64 MiB."""


class TextFileError(ValueError):
    """A file that can't be used as text; the message is one sentence that names it and what is wrong."""


def read_text_file(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a file in UTF-8 (with or without a byte-order mark) or UTF-16 with one.

    The size is checked before anything is read. Raises TextFileError for a file that is missing, too large,
    empty, binary or in another encoding.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise TextFileError(f"{path.name or path} is not a file.")
        _check_size(status.st_size, max_bytes, path.name)
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)  # it may have grown since
    except OSError as error:
        raise TextFileError(f"{path} can't be read: {error.strerror}.") from error
    _check_size(len(data), max_bytes, path.name)
    return decode_text(data, path.name)


def decode_text(data: bytes, name: str) -> str:
    """Decode the bytes of the text called `name`, under the same rules as read_text_file."""
    encoding, mark = _encoding(data, name)
    body = data[len(mark) :]
    if encoding == "utf-8":
        _refuse_zero_bytes(body, len(mark), name)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise TextFileError(
            f"{name} is not {encoding[:6].rstrip('-').upper()} text: "
            f"byte {error.start + len(mark)} (0x{body[error.start]:02x}) can't be decoded; save it as UTF-8."
        ) from error
    if not text.strip():
        raise TextFileError(f"{name} is empty: there is no text in it.")
    if "\0" in text:
        raise TextFileError(f"{name} is binary: character {text.index(chr(0))} of it is zero.")
    return text


def _encoding(data: bytes, name: str) -> tuple[str, bytes]:
    """Return the encoding and the byte-order mark that says so, b"" where there is none."""
    # The mark of UTF-32 begins with that of UTF-16, so it is looked for first.
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise TextFileError(f"{name} is in UTF-32 (its byte-order mark is at byte 0): save it as UTF-8.")
    marks = {
        codecs.BOM_UTF8: "utf-8",
        codecs.BOM_UTF16_LE: "utf-16-le",
        codecs.BOM_UTF16_BE: "utf-16-be",
    }
    return next(
        ((encoding, mark) for mark, encoding in marks.items() if data.startswith(mark)), ("utf-8", b"")
    )


def _refuse_zero_bytes(body: bytes, offset: int, name: str) -> None:
    first = body.find(0)
    if first >= 0:
        raise TextFileError(
            f"{name} is binary, or UTF-16 without a byte-order mark: byte {first + offset} is zero."
        )


def _check_size(size: int, max_bytes: int, name: str) -> None:
    if size > max_bytes:
        raise TextFileError(f"{name} has {_in_units(size)}, but at most {_in_units(max_bytes)} can be read.")


def _in_units(size: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size} bytes"
