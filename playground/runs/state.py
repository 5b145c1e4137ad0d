"""The state of a run as it is now, whatever its folder says."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from playground import processes
from playground.files import is_number, read_json
from playground.runs.death import death_notice
from playground.runs.folders import all_runs

ACTIVE = frozenset({"queued", "preparing", "running", "paused"})
"""States in which a run is not at its end: a worker is alive, or should be, or will be."""

KEPT_OUT = "Nothing can be written into {}: the run goes on by itself when it can be written again."
QUIET_SECONDS = 3.0
"""A worker that has written its status so recently can write."""

START_SECONDS = 60
"""A run that was begun but has no process after this long was never started."""


def is_waiting(state: dict[str, Any]) -> bool:
    """Tell whether a run of this status waits in the queue: nobody works on it yet."""
    return state.get("state") == "queued" and isinstance(state.get("queue"), dict)


def is_under_way(state: dict[str, Any]) -> bool:
    """Tell whether a run of this status has a worker, or is about to have one."""
    return state.get("state") in ACTIVE and not is_waiting(state)


def active_run(root: Path) -> Path | None:
    """Return a run whose worker is alive or about to be, or None; one that waits in the queue is none."""
    return next((run for run in all_runs(root) if is_under_way(status(run))), None)


def status(run: Path) -> dict[str, Any]:
    """Return the run's state as it is now, whatever the folder says.

    A worker that died without a word is shown as failed, with what is known of its death, and one that can't
    write into its folder as paused.
    """
    found = read_json(run / "status.json")
    if found is None:
        return {"state": "failed", "step": 0, "reason": f"{run.name}/status.json is missing or garbled."}
    state: dict[str, Any] = {"step": 0, "total_steps": 0, "reason": "", **found}
    if not is_under_way(state):
        return state
    if processes.is_alive(state.get("pid"), state.get("start_time")):
        return (
            {**state, "state": "paused", "reason": KEPT_OUT.format(run)}
            if _is_kept_out(run, state)
            else state
        )
    since = abs(time.time() - state.get("queued_at", state.get("created", 0)))  # the clock may be set back
    if state["state"] == "queued" and state.get("pid") is None and since < START_SECONDS:
        return state
    fresh = read_json(run / "status.json") or state  # it may have ended in an orderly way just now
    if not is_under_way(fresh):
        return {"step": 0, "total_steps": 0, "reason": "", **fresh}
    return {**state, "state": "failed", "reason": death_notice(run, state)}


def _is_kept_out(run: Path, state: dict[str, Any]) -> bool:
    """Tell whether the worker of a run waits until it may write, which its status can't say."""
    heartbeat: Any = state.get("heartbeat")
    is_quiet = not is_number(heartbeat) or abs(time.time() - heartbeat) > QUIET_SECONDS
    return is_quiet and run.is_dir() and not os.access(run, os.W_OK)
