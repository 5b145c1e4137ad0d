"""The queue: runs that wait until those before them have ended.

There is no daemon. Who waits, and in which order, stands in each run's status.json, so nothing is lost with
a process or the machine; whoever is there starts the next run, under one lock: the worker that ends, the
process that started it, the page at its refresh, and the command line when it lists the runs.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from playground import processes
from playground.files import read_json, write_json_atomic
from playground.locks import hold
from playground.runs.folders import RunError, list_runs
from playground.runs.launch import spawn, wait_for_exit
from playground.runs.state import is_under_way, is_waiting, status

SLOTS = "PLAYGROUND_SLOTS"
"""Environment variable: how many runs train at once."""

LOCK = ".lock"


def slots() -> int:
    """Return how many runs train at once: PLAYGROUND_SLOTS, or 1."""
    text = os.environ.get(SLOTS) or "1"
    if not text.isdecimal() or int(text) < 1:
        raise RunError(f"{SLOTS} must be a whole number of at least 1, but it is {text!r}.")
    return int(text)


def start(run: Path, *, resume: bool = False) -> int:
    """Start the run's worker and return its process id, or 0 if the run waits in the queue for others.

    Raises RunError if it is under way or waits already.
    """
    _refuse_if_active(run)
    wait_for_exit(run)
    with hold(run.parent / LOCK):
        _refuse_if_active(run)
        before = read_json(run / "status.json") or {}
        _enqueue(run, before, resume)
        errors = _fill_slots(run.parent)
        if run in errors:
            with contextlib.suppress(OSError):
                write_json_atomic(run / "status.json", before)
            raise errors[run]
    return status(run).get("pid") or 0


def _refuse_if_active(run: Path) -> None:
    state = status(run)
    if is_waiting(state):
        raise RunError(f"{run.name} waits in the queue already.")
    if is_under_way(state) and processes.is_alive(state.get("pid"), state.get("start_time")):
        raise RunError(f"{run.name} is training already.")


def _enqueue(run: Path, before: dict[str, Any], resume: bool) -> None:
    last = max((_position(r) for r in waiting_runs(run.parent)), default=0)
    queue = {"position": last + 1, "resume": resume}
    entered = {**before, "state": "queued", "created": before.get("created", time.time()), "queue": queue}
    write_json_atomic(run / "status.json", {**entered, "pid": None, "start_time": None, "reason": ""})


def _position(run: Path) -> int:
    queue = (read_json(run / "status.json") or {}).get("queue")
    position = queue.get("position") if isinstance(queue, dict) else None
    return position if isinstance(position, int) else 0


def waiting_runs(root: Path) -> list[Path]:
    """Return the runs that wait, the next one first."""
    return sorted((r for r in list_runs(root) if is_waiting(status(r))), key=lambda r: (_position(r), r.name))


def place(run: Path) -> int:
    """Return the place of a run in the queue, 1 for the next one; 0 if it does not wait."""
    waiting = waiting_runs(run.parent)
    return waiting.index(run) + 1 if run in waiting else 0


def advance(root: Path) -> None:
    """Start the runs that are next in the queue, as many as there is room for."""
    if not waiting_runs(root):
        return
    with hold(root / LOCK):
        _fill_slots(root)


def _fill_slots(root: Path) -> dict[Path, OSError]:
    """Start waiting runs while there is room; return what kept some of them from it."""
    errors = {}
    busy = sum(is_under_way(status(run)) for run in list_runs(root))
    for run in waiting_runs(root)[: max(0, slots() - busy)]:
        queue = (read_json(run / "status.json") or {}).get("queue") or {}
        try:
            spawn(run, bool(queue.get("resume")), lambda ended: advance(ended.parent))
        except OSError as error:
            errors[run] = error
    return errors


def cancel(run: Path) -> bool:
    """Take a run out of the queue, as it was before; tell whether it waited there."""
    with hold(run.parent / LOCK):
        state = status(run)
        if not is_waiting(state):
            return False
        reason = "Taken out of the queue."
        write_json_atomic(run / "status.json", {**state, "state": "stopped", "queue": None, "reason": reason})
    return True


def move_first(run: Path) -> None:
    """Let a waiting run be the next one; raises RunError if it does not wait."""
    with hold(run.parent / LOCK):
        state, first = status(run), min((_position(r) for r in waiting_runs(run.parent)), default=0)
        if not is_waiting(state):
            raise RunError(f"{run.name} does not wait in the queue.")
        queue = {**state["queue"], "position": first - 1}
        write_json_atomic(run / "status.json", {**state, "queue": queue})
