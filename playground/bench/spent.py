"""Seconds by the clock and seconds of a core."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and seconds of a core, summed over all cores: the same on a busy machine."""

    wall: float
    cpu: float


def spend(do: Callable[[], object]) -> Spent:
    """Call something and return what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def least(spent: Sequence[Spent]) -> Spent:
    """Return the least of each."""
    return Spent(min(one.wall for one in spent), min(one.cpu for one in spent))
