"""Text that every Python carries: the language reference and the source of the standard library."""

from __future__ import annotations

import importlib
import os
import sysconfig
import tokenize
from collections.abc import Iterator

_SKIPPED_FOLDERS = frozenset({
    "site-packages", "dist-packages", "__pycache__",  # not the standard library, not source
    "test", "tests", "idle_test",  # half of all files, and much of it made by programs
    "pydoc_data",  # python-reference, once more
})  # fmt: skip


def reference_documents() -> tuple[str, ...]:
    """Return the topics of the Python language reference in order of their names (about 0.5 MB).

    Raises ValueError where Python was installed without them.
    """
    try:
        topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    except ModuleNotFoundError as error:
        raise ValueError("This Python was installed without pydoc_data, its language reference.") from error
    return tuple(topics[name] for name in sorted(topics))


def source_documents(folder: str = "") -> tuple[str, ...]:
    """Return the .py files under folder (default: the standard library), without tests, sorted by path.

    A file that can't be read or decoded by its own declared encoding is left out. Raises ValueError if no
    file is left.
    """
    root = folder or sysconfig.get_path("stdlib")
    found = [text for path in sorted(_python_files(root)) if (text := _read_source(path)) is not None]
    if not found:
        raise ValueError(f"There are no readable .py files in {root}.")
    return tuple(found)


def _python_files(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in _SKIPPED_FOLDERS]
        yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


def _read_source(path: str) -> str | None:
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, UnicodeDecodeError, SyntaxError):  # SyntaxError: an unknown encoding is declared
        return None
