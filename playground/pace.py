"""How fast a long task goes, and how long it will still take."""

from __future__ import annotations

import time
from typing import Any


class Pace:
    """Measures the phases of a task, one after the other."""

    def __init__(self) -> None:
        self.phase, self.began = "", 0.0

    def at(self, phase: str, done: int, total: int) -> dict[str, Any] | None:
        """Note how far a phase is; return share, rate per second and seconds left once they are known."""
        now = time.perf_counter()
        if phase != self.phase:
            self.phase, self.began = phase, now
        elapsed = now - self.began
        if not (total and done and elapsed > 0):
            return None
        rate = done / elapsed
        return {
            "share": round(done / total, 4),
            "rate": round(rate),
            "seconds_left": round((total - done) / rate, 1),
        }
