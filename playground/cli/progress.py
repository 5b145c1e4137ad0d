"""A progress bar on the terminal for what `prepare` reports."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from tqdm import tqdm

from playground.splits import Report


@contextlib.contextmanager
def progress_bar(unit: str = "char") -> Iterator[Report]:
    """Yield a report that prints each phase, and a bar with rate and time left where the total is known."""
    bars: list[tqdm] = []
    phases: list[str] = []

    def report(phase: str, done: int, total: int) -> None:
        if phase not in phases:
            _close(bars)
            phases.append(phase)
            print(f"{phase} …", file=sys.stderr)
        if total and not bars:
            bars.append(tqdm(total=total, unit=unit, unit_scale=True, mininterval=0.5, disable=None))
        if bars:
            bars[0].update(done - bars[0].n)

    try:
        yield report
    finally:
        _close(bars)


def _close(bars: list[tqdm]) -> None:
    while bars:
        bars.pop().close()
