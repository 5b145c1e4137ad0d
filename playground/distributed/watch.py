"""A thread that ends its process when the processes that it works with are gone.

The main thread may hang in a sum that a dead process will never join, above all on GPUs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from playground import processes
from playground.runs import ACTIVE
from playground.status_file import StatusFile

LOOK_SECONDS = 0.5
GRACE_SECONDS = 10.0
"""After a death, the main thread has this long to notice it and to end the run in good order."""

FAILED = 1


class Watch(threading.Thread):
    """Looks at the parent, and at the other ranks of this machine once they are known."""

    def __init__(self, parent: int) -> None:
        super().__init__(name="watch", daemon=True)
        self.parent, self.is_off = parent, threading.Event()
        self.task: tuple[Path, Callable[[], str], Callable[[], bool]] | None = None

    def begin(self, run: Path, who_died: Callable[[], str], is_heir: Callable[[], bool]) -> None:
        """Look at the ranks of a run from now on; the heir writes who died, where rank 0 can't."""
        self.task = run, who_died, is_heir

    def run(self) -> None:
        """Look until `is_off` is set."""
        while not self.is_off.wait(LOOK_SECONDS):
            if os.getppid() != self.parent:  # nobody would ever end this process again
                os._exit(FAILED)
            if self.task is not None:
                self._look(*self.task)

    def _look(self, run: Path, who_died: Callable[[], str], is_heir: Callable[[], bool]) -> None:
        if (sentence := who_died()) and not self.is_off.wait(GRACE_SECONDS):
            if is_heir():
                end_as_failed(run, sentence)
            os._exit(FAILED)


def end_as_failed(run: Path, reason: str) -> None:
    """Write why a run ended, in place of rank 0, unless it is written or others are at work on it by now."""
    status = StatusFile(run)
    if status.values.get("state") in ACTIVE and status.values.get("pid") == processes.run_pid():
        status.end("failed", reason)
        print(reason, flush=True)
