"""status.json, as the worker keeps it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from pathlib import Path
from typing import Any

from playground.files import is_full, is_kept_out, read_json, write_json_atomic
from playground.processes import boot_id, run_pid, start_time

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
        self.written = -math.inf
        self.is_kept_out = False
        """Whether the last writing failed since nothing can be written into the folder."""
        self._lock = threading.RLock()
        """What is counted in a thread beside another one reports too."""

    def begin(self) -> None:
        """Say that this process now works on the run; raises OSError where that can't be written."""
        self.update(
            state="preparing",
            pid=run_pid(),
            start_time=start_time(run_pid()),
            boot=boot_id(),
            reason="",
            queue=None,
            phase="starting",
            generation=self.values.get("generation", 0) + 1,
        )
        if self.is_kept_out:
            self.write()
        self.keep_reserve()

    def keep_reserve(self) -> None:
        """Take up the room that is given up when the disk is full, as much of it as there is."""
        try:
            self.reserve.write_bytes(bytes(RESERVE_BYTES))
        except OSError as error:
            if not (is_full(error) or is_kept_out(error)):
                raise

    def is_due(self) -> bool:
        """Tell whether the last writing is a heartbeat ago."""
        return time.monotonic() - self.written >= HEARTBEAT_SECONDS

    def update(self, *, force: bool = True, **values: Any) -> None:
        """Take in new values, and write them now, or (force off) if the last writing is a heartbeat ago.

        On a full disk, or in a folder that can't be written, they are written later.
        """
        with self._lock:
            self.values |= values
            if force or self.is_due():
                self._write_or_put_off()

    def _write_or_put_off(self) -> None:
        self.is_kept_out = False
        try:
            self.write()
        except OSError as error:
            self.is_kept_out = is_kept_out(error)
            if not (is_full(error) or self.is_kept_out):
                raise
            with contextlib.suppress(OSError):
                self.reserve.unlink(missing_ok=True)
                self.write()

    def write(self) -> None:
        """Write all values now; raises OSError where they can't be."""
        self.written = time.monotonic()
        write_json_atomic(self.path, {**self.values, "heartbeat": time.time()})

    def end(self, state: str, reason: str) -> None:
        """Say how the run ended: in its folder, even on a full disk, or else in the log."""
        with contextlib.suppress(OSError):
            self.reserve.unlink(missing_ok=True)
        self.values |= {"state": state, "reason": reason, "phase": "", "pace": None, "seconds_left": None}
        try:
            self.write()
        except OSError:
            print(reason)  # the folder can't be written, or is gone; whoever reads the log still learns why
