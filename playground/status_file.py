"""status.json, as the worker keeps it."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from pathlib import Path
from typing import Any

from playground.files import is_full, read_json, write_json_atomic
from playground.processes import run_pid, start_time

HEARTBEAT_SECONDS = 0.5
RESERVE_BYTES = 1 << 16


class StatusFile:
    """The state of a run, replaced atomically; changes of little weight wait for the next heartbeat.

    A small reserve file is kept beside it and given up when the disk is full, so that the reason
    can still be written.
    """

    def __init__(self, run: Path) -> None:
        self.path, self.reserve = run / "status.json", run / ".reserve"
        self.values: dict[str, Any] = {"created": time.time(), **(read_json(self.path) or {})}
        self.written = 0.0
        self._lock = threading.RLock()
        """What is counted in a thread beside another one reports too."""

    def begin(self) -> None:
        """Say that this process now works on the run."""
        self.update(
            state="preparing",
            pid=run_pid(),
            start_time=start_time(run_pid()),
            reason="",
            queue=None,
            phase="starting",
            generation=self.values.get("generation", 0) + 1,
        )
        self.keep_reserve()

    def keep_reserve(self) -> None:
        """Take up the room that is given up when the disk is full, as much of it as there is."""
        try:
            self.reserve.write_bytes(bytes(RESERVE_BYTES))
        except OSError as error:
            if not is_full(error):
                raise

    def is_due(self) -> bool:
        """Tell whether the last writing is a heartbeat ago."""
        return time.time() - self.written >= HEARTBEAT_SECONDS

    def update(self, *, force: bool = True, **values: Any) -> None:
        """Take in new values, and write them now, or (force off) if the last writing is a heartbeat ago.

        On a full disk they are written later: what pauses the run is its records.
        """
        with self._lock:
            self.values |= values
            if force or self.is_due():
                self._write_or_make_room()

    def _write_or_make_room(self) -> None:
        try:
            self._write()
        except OSError as error:
            if not is_full(error):
                raise
            self.reserve.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._write()

    def _write(self) -> None:
        self.written = time.time()
        write_json_atomic(self.path, {**self.values, "heartbeat": self.written})

    def end(self, state: str, reason: str) -> None:
        """Say how the run ended, even on a full disk."""
        self.reserve.unlink(missing_ok=True)
        self.values |= {"state": state, "reason": reason, "phase": "", "pace": None, "seconds_left": None}
        try:
            self._write()
        except OSError as error:
            if not is_full(error) and error.errno not in (errno.EACCES, errno.EROFS):
                raise
            print(reason)  # the folder can't be written any more; whoever reads the log still learns why
