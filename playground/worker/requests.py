"""What is asked of a run between two steps: to wait, to go on, to learn at another rate."""

from __future__ import annotations

import time
from typing import Any

from playground.control import Control
from playground.job import Job
from playground.worker.notes import Notes
from playground.worker.saving import Saver

PAUSE_POLL_SECONDS = 0.1


class Requests:
    """Follows the requests that were left since the last step."""

    def __init__(self, control: Control, job: Job, saver: Saver, notes: Notes) -> None:
        self.control, self.job, self.saver, self.notes = control, job, saver, notes

    def follow_all(self) -> None:
        """Follow each in turn; raises StopRequestedError if one is to stop."""
        while (request := self.control.next_request()) is not None:
            self._follow(request)

    def _follow(self, request: dict[str, Any]) -> None:
        if request.get("action") == "pause":
            self._pause()
        elif request.get("action") == "set_lr" and isinstance(request.get("lr"), float):
            self._set_learning_rate(request["lr"])

    def _set_learning_rate(self, lr: float) -> None:
        """Learn at another rate from here on; saved at once, so that a resumed run keeps it."""
        before = self.job.progress.learning_rate(self.job.config)
        self.job.progress.set_learning_rate(lr)
        self.saver.save()
        self.notes.event("lr", **{"from": before, "to": lr})

    def _pause(self) -> None:
        self.saver.save()
        self.notes.event("paused")
        self.notes.status.update(state="paused")
        began = time.perf_counter()
        while (request := self.control.next_request()) is None or request.get("action") != "resume":
            if request is not None and request.get("action") != "pause":
                self._follow(request)
            self.notes.status.update(force=False)
            time.sleep(PAUSE_POLL_SECONDS)
        self.job.progress.paused_s += time.perf_counter() - began
        self.notes.event("resumed")
        self.notes.status.update(state="running")
