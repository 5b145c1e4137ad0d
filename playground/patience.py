"""A full disk, or a folder that can't be written, pauses a run instead of ending it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from playground.control import Control
from playground.files import is_full, is_kept_out
from playground.runs import KEPT_OUT
from playground.status_file import StatusFile

RETRY_SECONDS = 1.0
Result = TypeVar("Result")


class Patience:
    """Does what writes, again and again until it can; meanwhile the run is paused and says why."""

    def __init__(
        self, run: Path, status: StatusFile, control: Control, waited: Callable[[str, float], None]
    ) -> None:
        """Give `waited` what it was, disk_full or kept_out, and how many seconds, when it is over."""
        self.run, self.status, self.control, self.waited = run, status, control, waited

    def insist(self, action: Callable[[], Result], needed: int = 1 << 20) -> Result:
        """Do an action that writes about `needed` bytes, and return its result.

        An action must be fit to be done again after it failed. Raises StopRequestedError if the run is
        stopped while it waits, and OSError for what waiting does not mend.
        """
        state, began, why = self.status.values.get("state"), time.perf_counter(), ""
        while True:
            try:
                result = action()
                break
            except OSError as error:
                if is_full(error):
                    why = "disk_full"
                    self._wait_for_room(Path(error.filename or self.run), needed)
                elif is_kept_out(error) and self._is_kept_out():
                    why = "kept_out"
                    self._wait_to_be_let_in()
                else:
                    raise
        if why:
            self.status.keep_reserve()
            self.status.update(state=state, reason="")
            self.waited(why, time.perf_counter() - began)
        return result

    def _wait_for_room(self, path: Path, needed: int) -> None:
        """Wait for a moment, and on as long as the disk of a path has too little room."""
        while path != path.parent and not path.is_dir():
            path = path.parent
        reason = f"The disk that holds {self.run} is full. The run goes on by itself when there is room."
        self._wait(reason, lambda: shutil.disk_usage(path).free > needed)

    def _wait_to_be_let_in(self) -> None:
        """Wait for as long as nothing can be written into the run's folder."""
        reason = KEPT_OUT.format(self.run)
        print(reason, flush=True)  # where the folder can't be written, its status can't say so
        self._wait(reason, lambda: not self._is_kept_out())

    def _wait(self, reason: str, is_over: Callable[[], bool]) -> None:
        self.status.update(state="paused", reason=reason)
        while True:
            self.control.check_stop()
            time.sleep(RETRY_SECONDS)
            self.status.update(force=False)
            if is_over():
                return

    def _is_kept_out(self) -> bool:
        """Tell whether no new file can be made in the run's folder; one that is gone does not count."""
        probe = self.run / ".probe"
        try:
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            return is_kept_out(error)
        return False
