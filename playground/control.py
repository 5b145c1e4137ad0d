"""How a worker hears: requests in control.json, and the signals that ask a process to end."""

from __future__ import annotations

import os
import signal
from collections import deque
from pathlib import Path
from types import FrameType
from typing import Any

from playground import runs
from playground.run_bounds import RunBounds


class StopRequestedError(Exception):
    """The person, or the system by a signal, asked the run to stop."""


class Control:
    """Requests from outside, each taken once, in the order in which they were made."""

    def __init__(self, run: Path) -> None:
        self.run, self.path = run, run / "control.json"
        self.signalled = False
        self.waiting: deque[dict[str, Any]] = deque()
        self.last_id = 0
        self.seen: tuple[int, int] | None = None
        self.bounds = RunBounds(run)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signalled = True

    def let_go(self, step: int) -> None:
        """Everything is ready to go on from this step."""

    def next_request(self) -> dict[str, Any] | None:
        """Return the next request, or None; raises StopRequestedError if one is to stop."""
        self.check_stop()
        return self.waiting.popleft() if self.waiting else None

    def check_stop(self) -> None:
        """Raise StopRequestedError if the run is to stop, with why if nobody asked; others go on waiting."""
        self._look()
        if self.signalled or any(request.get("action") == "stop" for request in self.waiting):
            raise StopRequestedError
        if reason := self.bounds.why_stop():
            raise StopRequestedError(reason)

    def _look(self) -> None:
        """Read control.json if it is another file than last time: a look at its name is cheap."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return
        mark = (found.st_mtime_ns, found.st_ino)
        if mark != self.seen:
            self.seen = mark
            for request in runs.pending_requests(self.run, self.last_id):
                self.waiting.append(request)
                self.last_id = request["id"]
