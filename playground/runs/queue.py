"""The queue: runs that wait until those before them have ended.

There is no daemon. Who waits, and in which order, stands in each run's status.json, so nothing is lost with
a process or the machine; whoever is there starts the next run, under one lock: the worker that ends, the
process that started it, the page at its refresh, and the command line when it lists the runs.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from pathlib import Path
from typing import Any

from playground import processes
from playground.files import is_kept_out, read_json, write_json_atomic
from playground.limits import LimitError, limits
from playground.locks import hold
from playground.runs.folders import LOCK, RunError, all_runs
from playground.runs.launch import spawn, wait_for_exit
from playground.runs.owners import read_owner, require_own
from playground.runs.state import is_under_way, is_waiting, status


def slots() -> int:
    """Return how many runs train at once: PLAYGROUND_SLOTS, or 1."""
    try:
        return limits().slots
    except LimitError as error:
        raise RunError(str(error)) from error


def start(run: Path, *, resume: bool = False) -> int:
    """Start the run's worker and return its process id, or 0 if the run waits in the queue for others.

    Raises RunError if it is under way or waits already, or is over the limits.
    """
    require_own(run)
    _refuse_if_active(run)
    _refuse_over_limits(run)
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


def _refuse_over_limits(run: Path) -> None:
    from playground.admission import check_run  # which knows the size of a model

    try:
        check_run(run)
    except LimitError as error:
        raise RunError(str(error)) from error


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
    """Return the runs that wait, the next one first: of every owner one in turn, else as they came."""
    states = {run: status(run) for run in all_runs(root)}
    waiting = [run for run, state in states.items() if is_waiting(state)]
    waiting.sort(key=lambda run: (_position(run), run.name))
    ahead = Counter(read_owner(run) for run, state in states.items() if waiting and is_under_way(state))
    turn = {}
    for run in waiting:
        owner = read_owner(run)
        turn[run] = ahead[owner]
        ahead[owner] += 1
    return sorted(waiting, key=lambda run: turn[run])


def place(run: Path) -> int:
    """Return the place of a run in the queue, 1 for the next one; 0 if it does not wait."""
    waiting = waiting_runs(run.parent)
    return waiting.index(run) + 1 if run in waiting else 0


def advance(root: Path) -> None:
    """Start the runs that are next in the queue, as many as there is room for.

    Where the folder of runs can't be written, they go on waiting.
    """
    if not waiting_runs(root):
        return
    try:
        with hold(root / LOCK):
            _fill_slots(root)
    except OSError as error:
        if not is_kept_out(error):
            raise


def _fill_slots(root: Path) -> dict[Path, OSError]:
    """Start waiting runs while there is room; return what kept some of them from it."""
    errors = {}
    room = slots() - sum(is_under_way(status(run)) for run in all_runs(root))
    for run in waiting_runs(root):
        if room <= 0:
            break
        queue = (read_json(run / "status.json") or {}).get("queue") or {}
        try:
            spawn(run, bool(queue.get("resume")), lambda ended: advance(ended.parent))
            room -= 1
        except OSError as error:
            errors[run] = error
    return errors


def cancel(run: Path) -> bool:
    """Take a run out of the queue, as it was before; tell whether it waited there."""
    require_own(run)
    with hold(run.parent / LOCK):
        state = status(run)
        if not is_waiting(state):
            return False
        reason = "Taken out of the queue."
        write_json_atomic(run / "status.json", {**state, "state": "stopped", "queue": None, "reason": reason})
    return True


def move_first(run: Path) -> None:
    """Let a waiting run be the next one of its owner's; raises RunError if it does not wait."""
    require_own(run)
    with hold(run.parent / LOCK):
        state, first = status(run), min((_position(r) for r in waiting_runs(run.parent)), default=0)
        if not is_waiting(state):
            raise RunError(f"{run.name} does not wait in the queue.")
        queue = {**state["queue"], "position": first - 1}
        write_json_atomic(run / "status.json", {**state, "queue": queue})
