"""Processes that permissions bind, root's too: without the two rights by which root passes them over."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

LIBRARY = ctypes.CDLL(None)
DROP_FROM_BOUNDING_SET = 24
"""PR_CAPBSET_DROP of prctl(2)."""

PASS_OVER_PERMISSIONS = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7)."""


def be_bound() -> None:
    """Be bound by permissions from the next exec on; nobody but root has anything to give up.

    Use it as preexec_fn of a process that must not write where its user may not.
    """
    if sys.platform == "linux":
        for right in PASS_OVER_PERMISSIONS:
            LIBRARY.prctl(DROP_FROM_BOUNDING_SET, right, 0, 0, 0)


def make_read_only(folder: Path) -> None:
    """Let nobody write a folder, nor anything in it."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def make_writable(folder: Path) -> None:
    """Let its owner write a folder, and everything in it, again."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
