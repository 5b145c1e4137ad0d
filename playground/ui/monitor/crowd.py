"""What keeps a hall of viewers cheap: how long pages wait before they ask again, and when a list is stale."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from pathlib import Path

from playground import runs
from playground.ui.run_choices import run_label

MOST_A_SECOND = 160
"""Answers that all pages together get in a second, as long as each has one within two."""

SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 1.6
WINDOW_SECONDS = 4.0
KEPT_SECONDS = 1.0


class Crowd:
    """Counts the requests of all pages, and shares out the time between them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: deque[tuple[float, float]] = deque()
        self._pause = SHORTEST_SECONDS

    def pause_ms(self) -> int:
        """Count one request; return how long the page that sent it waits before its next one.

        What pages were told to wait in the last seconds, over these seconds, is the number of pages.
        """
        now = time.monotonic()
        with self._lock:
            self._told.append((now, self._pause))
            while self._told[0][0] < now - WINDOW_SECONDS:
                self._told.popleft()
            pages = sum(pause for _, pause in self._told) / WINDOW_SECONDS
            self._pause = min(max(pages / MOST_A_SECOND, SHORTEST_SECONDS), LONGEST_SECONDS)
            return round(1000 * self._pause)


class RunList:
    """The list of all runs in a word, made anew once a second at most, however many pages ask."""

    def __init__(self) -> None:
        self._lock, self._made, self._word = threading.Lock(), 0.0, ""

    def word(self, root: Path) -> str:
        """Return a word that is another one when the list has changed; start what is next in the queue."""
        with self._lock:
            if time.monotonic() > self._made + KEPT_SECONDS:
                runs.advance(root)
                labels = sorted(
                    (path.parent.name, run_label(path.parent)) for path in root.glob("*/config.json")
                )
                self._word = hashlib.blake2b(repr(labels).encode(), digest_size=6).hexdigest()
                self._made = time.monotonic()
            return self._word


CROWD, RUN_LIST = Crowd(), RunList()
