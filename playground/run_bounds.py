"""What a worker may use: seconds, disk, and somebody who looks; see limits.py."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from playground import runs
from playground.cache import size_of
from playground.files import is_number, read_json
from playground.limits import limits, way_out

LOOK_SECONDS = 5.0
GRACE_SECONDS = 60.0
"""A worker that does not come to the end of a step is ended so long after its time is over."""

MEGABYTE = 10**6


class RunBounds:
    """Tells when a run has to stop, and why. Where there are no limits it costs next to nothing."""

    def __init__(self, run: Path) -> None:
        self.run, self.limits = run, limits()
        self.began, self.looked = time.monotonic(), 0.0
        self.seen_at = self.began
        self.seen_mark: int | None = None
        self.paused_since: float | None = None
        trained: Any = (read_json(run / "status.json") or {}).get("elapsed_s")
        self.before = float(trained) if is_number(trained) else 0.0
        if self.limits.run_seconds:
            self._end_later(self.limits.run_seconds - self.before + GRACE_SECONDS)

    def why_stop(self) -> str:
        """Return why the run has to stop now, in a sentence; nothing if it may go on."""
        now = time.monotonic()
        if self.limits.run_seconds and self.before + now - self.began >= self.limits.run_seconds:
            return self._over(f"for {self.limits.run_seconds:,} seconds")
        if now - self.looked < LOOK_SECONDS:
            return ""
        self.looked = now
        return self._too_large() or self._idle(now)

    def _over(self, time_: str) -> str:
        return f"Stopped with what it has learned: a run may train {time_} here. {way_out()}"

    def _too_large(self) -> str:
        most = self.limits.run_megabytes
        if not most or size_of(self.run) <= most * MEGABYTE:
            return ""
        return f"Stopped with what it has learned: a run may take {most:,} MB of disk here. {way_out()}"

    def _idle(self, now: float) -> str:
        most = self.limits.idle_seconds
        if not most:
            return ""
        is_paused = (read_json(self.run / "status.json") or {}).get("state") == "paused"
        self.paused_since = (self.paused_since or now) if is_paused else None
        if self.paused_since is not None and now - self.paused_since >= most:
            return f"Stopped, since it was paused for {most:,} seconds: resume it any time."
        if self._unseen(now) >= most and runs.waiting_runs(self.run.parent):
            return f"Stopped, since nobody looked for {most:,} seconds and others wait: resume it any time."
        return ""

    def _unseen(self, now: float) -> float:
        """Return for how many seconds nobody looked at the run.

        That is since its mark has changed, whatever time the mark says: the machine's clock may be set anew.
        """
        try:
            mark = os.stat(self.run / runs.SEEN_FILE).st_mtime_ns
        except OSError:
            mark = None
        if mark != self.seen_mark:
            self.seen_at, self.seen_mark = now, mark
        return now - self.seen_at

    def _end_later(self, seconds: float) -> None:
        timer = threading.Timer(max(0.0, seconds), self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        """End this process within a step that does not end; what was saved stays."""
        print(self._over(f"for {self.limits.run_seconds:,} seconds"), flush=True)
        os._exit(1)
