"""Turns at the processor for several iterators at once: everybody gets a fair share, a newcomer goes first.

Each item of an iterator is made within a turn. Whoever has not had a turn yet is next; of the others, whoever
has had the least time so far. A share that comes late is not owed the time before it came.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")
_SERIALS = itertools.count()


@dataclass(eq=False)
class Share:
    """One who takes turns."""

    seconds: float = -1.0
    """The time that it has had, from the least of those who were there when it came; below 0: none yet."""
    serial: int = field(default_factory=lambda: next(_SERIALS))
    may_go: threading.Event = field(default_factory=threading.Event)

    @property
    def rank(self) -> tuple[float, int]:
        """Of those who wait, the lowest is next."""
        return self.seconds, self.serial


class Turns:
    """At most `at_once` items are made at the same time."""

    def __init__(self, at_once: int) -> None:
        self.free, self.lock = at_once, threading.Lock()
        self.shares: set[Share] = set()
        self.waiting: set[Share] = set()

    def __len__(self) -> int:
        """Return how many take turns now."""
        return len(self.shares)

    def share(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items of an iterator, each made within a turn; between two, others have theirs."""
        share, end = Share(), object()
        with self.lock:
            self.shares.add(share)
        try:
            while (item := self._take(share, items, end)) is not end:
                yield item  # type: ignore[misc]  # it is not the end, so it is an item
        finally:
            with self.lock:
                self.shares.discard(share)

    def _take(self, share: Share, items: Iterator[Item], end: object) -> Item | object:
        self._wait(share)
        began = time.perf_counter()
        try:
            return next(items, end)
        finally:
            self._leave(share, time.perf_counter() - began)

    def _wait(self, share: Share) -> None:
        with self.lock:
            if self.free:
                self.free -= 1
                return
            share.may_go.clear()
            self.waiting.add(share)
        share.may_go.wait()

    def _leave(self, share: Share, seconds: float) -> None:
        """Note what a turn took, and hand it on to the next."""
        with self.lock:
            if share.seconds < 0:
                share.seconds = max(
                    seconds, min((s.seconds for s in self.shares if s.seconds >= 0), default=0.0)
                )
            else:
                share.seconds += seconds
            if not self.waiting:
                self.free += 1
                return
            chosen = min(self.waiting, key=lambda each: each.rank)
            self.waiting.discard(chosen)
            chosen.may_go.set()


WRITING = Turns(max(1, (os.cpu_count() or 1) // 2))
"""For all who let models write: with half of the cores, so that a run that trains has the others."""
