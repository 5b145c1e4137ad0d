"""How much memory there is: free, held by this process, and whether the system has ended processes for it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def free_bytes() -> int | None:
    """Return the memory that can still be had, within this container's limit; None if it can't be told."""
    found = re.search(r"MemAvailable: +(\d+) kB", _text(Path("/proc/meminfo")))
    machine = int(found[1]) * 1024 if found else _free_bytes_posix()
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is None or used is None:
        return machine
    cached = re.search(r"^inactive_file (\d+)$", _cgroup_text("memory.stat"), re.MULTILINE)
    free = limit - used + (int(cached[1]) if cached else 0)
    return free if machine is None else min(free, machine)


def _free_bytes_posix() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no such question on this system
        return None


def held_bytes() -> int | None:
    """Return the memory that this process holds now; where only the peak is known, the peak."""
    statm = _text(Path("/proc/self/statm")).split()
    if statm:
        return int(statm[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory_kills() -> int | None:
    """Return how many processes of this container the system has ended for want of memory, if it counts."""
    found = re.search(r"^oom_kill (\d+)$", _cgroup_text("memory.events"), re.MULTILINE)
    return int(found[1]) if found else None


def _number(name: str) -> int | None:
    text = _cgroup_text(name).strip()
    return int(text) if text.isdigit() else None


def _cgroup_text(name: str) -> str:
    own = re.search(r"^0::/(.*)$", _text(Path("/proc/self/cgroup")), re.MULTILINE)
    return _text(CGROUPS / own[1] / name) if own else ""


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
