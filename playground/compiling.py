"""Compiled loops over tokens; importing this imports a compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called, to run without the interpreter's lock.

    What was compiled is kept on the disk, beside the code or in the user's cache, where one can be written.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither folder can be written: it is compiled in every process
        return njit(nogil=True)(function)
