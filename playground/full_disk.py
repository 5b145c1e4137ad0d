"""A full disk pauses a run instead of ending it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from playground.control import Control
from playground.files import is_full
from playground.status_file import StatusFile

RETRY_SECONDS = 1.0
Result = TypeVar("Result")


class FullDisk:
    """Does what writes, again and again until it fits; meanwhile the run is paused and says why."""

    def __init__(
        self, run: Path, status: StatusFile, control: Control, waited: Callable[[float], None]
    ) -> None:
        """Give `waited` the seconds that were lost, when there is room again."""
        self.run, self.status, self.control, self.waited = run, status, control, waited

    def insist(self, action: Callable[[], Result], needed: int = 1 << 20) -> Result:
        """Do an action that writes about `needed` bytes, and return its result.

        An action must be fit to be done again after it failed. Raises StopRequestedError if the run is
        stopped while it waits.
        """
        state, began, is_waiting = self.status.values.get("state"), time.perf_counter(), False
        while True:
            try:
                result = action()
                break
            except OSError as error:
                if not is_full(error):
                    raise
                is_waiting = True
                self._wait_for_room(Path(error.filename or self.run), needed)
        if is_waiting:
            self.status.keep_reserve()
            self.status.update(state=state, reason="")
            self.waited(time.perf_counter() - began)
        return result

    def _wait_for_room(self, path: Path, needed: int) -> None:
        """Wait for a moment, and on as long as the disk of a path has too little room."""
        while path != path.parent and not path.is_dir():
            path = path.parent
        reason = f"The disk that holds {self.run} is full. The run goes on by itself when there is room."
        self.status.update(state="paused", reason=reason)
        while True:
            self.control.check_stop()
            time.sleep(RETRY_SECONDS)
            self.status.update(force=False)
            if shutil.disk_usage(path).free > needed:
                return
