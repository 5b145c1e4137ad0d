"""Is a process still the one that was started? By its id and its start time, since ids are used again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

TORCHRUN = "TORCHELASTIC_"
"""The environment variables that torchrun sets for the processes it starts begin with this."""


def start_time(pid: int) -> str | None:
    """Return when a living process started, in the system's own notation, or None if there is none.

    A process that has ended but was not yet collected by its parent (a zombie) counts as ended.
    """
    if sys.platform == "linux":
        return _start_time_linux(pid)
    result = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return result.stdout.strip() or None


def _start_time_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may hold blanks and brackets of its own: split after the last.
    fields = stat[stat.rfind(")") + 2 :].split()
    state, ticks_since_boot = fields[0], fields[19]
    return None if state in "ZX" else ticks_since_boot


def boot_id() -> str | None:
    """Return what names the time since the machine was last started, None where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def is_started_by_torchrun() -> bool:
    """Tell whether this process is one of several that train together."""
    return f"{TORCHRUN}RUN_ID" in os.environ


def run_pid() -> int:
    """Return the process that stands for the run: this one, or the torchrun that started it and its like."""
    return os.getppid() if is_started_by_torchrun() else os.getpid()


def is_alive(pid: int | None, started: str | None) -> bool:
    """Tell whether the process of this id is the one that started at that time."""
    return pid is not None and started is not None and start_time(pid) == started


def kill(pid: int, started: str) -> bool:
    """End a process at once, unless its id now belongs to another one; tell whether it was sent."""
    if not is_alive(pid, started):
        return False
    try:
        os.kill(pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True
