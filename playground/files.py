"""Files that are whole or absent: atomic JSON, and JSON lines that may end in a cut-off line."""

from __future__ import annotations

import errno
import json
import math
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def write_text_atomic(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace a file by its new text in one move, so that a reader sees the old one or the new one.

    durable: wait until the text is on the disk, for what must outlive a power cut.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_json_atomic(path: Path, value: Any, *, durable: bool = False) -> None:
    """Replace a JSON file in one move; see write_text_atomic."""
    write_text_atomic(path, json.dumps(value, indent=1) + "\n", durable=durable)


def sync_all(paths: Iterable[Path]) -> None:
    """Wait until files are on the disk, at once: one after another, each would wait for the disk anew."""
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(_sync, paths):
            pass


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, or None if the file is missing, garbled or no object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def read_json_lines(path: Path, since_byte: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the objects of a JSON-lines file from a byte on, and the byte to go on from next time.

    A last line without its newline is still being written and is left for the next call; a garbled
    line is passed over; a missing file has no lines. If the file is shorter than since_byte it was
    begun anew, and it is read from its start.
    """
    whole, cursor = read_whole_lines(path, since_byte)
    records = [record for line in whole.splitlines() if (record := parse_line(line)) is not None]
    return records, cursor


def read_whole_lines(path: Path, since_byte: int = 0) -> tuple[bytes, int]:
    """Return the bytes of the whole lines from a byte on, and the byte to go on from; see read_json_lines."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = since_byte if 0 <= since_byte <= size else 0
            file.seek(start)
            data = file.read(size - start)
    except FileNotFoundError:
        return b"", 0
    whole = data[: data.rfind(b"\n") + 1]
    return whole, start + len(whole)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Return the object in one line, or None if it is garbled or no object."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def is_full(error: OSError) -> bool:
    """Tell whether a write failed since the disk, or this user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_kept_out(error: OSError) -> bool:
    """Tell whether a write failed since this user may not write there, or nobody may."""
    return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)


def explain_os_error(error: OSError, path: Path, then: str = "try again") -> str:
    """Say in one sentence what kept a file from being written, and what to do; `then`, once there is room."""
    if is_full(error):
        return f"The disk that holds {path} is full: free some space and {then}."
    if is_kept_out(error):
        return f"{path} can't be written: give this user write permission, or choose another folder."
    return f"{path} can't be written: {error.strerror or error}."


def is_number(value: Any) -> bool:
    """Return whether a value read from a file or a page is a finite number."""
    if isinstance(value, int):  # of any size: math.isfinite refuses those over 1e308
        return not isinstance(value, bool)
    return isinstance(value, float) and math.isfinite(value)
