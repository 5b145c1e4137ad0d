"""Compiled loops over tokens and numbers; importing this imports a compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

REORDERED = {"reassoc", "contract", "nsz", "arcp"}
"""What a compiler may do to a sum to take several terms at once; inf and NaN keep their meaning."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called, to run without the interpreter's lock.

    What was compiled is kept on the disk, beside the code or in the user's cache, where one can be written.
    """
    return _compiled(function)


def compiled_sums(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile likewise, with floating-point sums in whatever order is fastest."""
    return _compiled(function, fastmath=REORDERED)


def _compiled(function: Callable[..., Any], **how: Any) -> Callable[..., Any]:
    try:
        return njit(nogil=True, cache=True, **how)(function)
    except RuntimeError:  # neither folder can be written: it is compiled in every process
        return njit(nogil=True, **how)(function)
