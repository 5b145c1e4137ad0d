"""Run folders: create, queue, start, stop, pause, resume, branch, list, read, name and delete them.

A run is one folder and one process, and the folder is the whole truth: anyone may read it at any
time, and requests to the worker are written into it. Standard library only, so that the page stays
light and a crash in training can't take it down.
"""

from playground.runs.branching import branch
from playground.runs.control import (
    change_length,
    pause,
    pending_requests,
    request,
    resume,
    set_learning_rate,
    stop,
)
from playground.runs.folders import (
    RunError,
    checkpoint_folder,
    checkpoints,
    create,
    find,
    last_lines,
    list_runs,
    move_to_free_name,
    read_events,
    read_metrics,
    read_samples,
)
from playground.runs.homes import PROJECT, bring_demo, comes_with_demo, forgets_runs, on_space, runs_root
from playground.runs.launch import worker_environment
from playground.runs.meta import META_FILE, Meta, change_meta, group_runs, read_meta
from playground.runs.queue import advance, cancel, move_first, place, slots, start, waiting_runs
from playground.runs.state import ACTIVE, START_SECONDS, active_run, is_under_way, is_waiting, status
from playground.runs.trash import KEPT_DAYS, Deleted, delete_run, deleted_runs, empty_trash, restore_run

__all__ = [
    "ACTIVE",
    "KEPT_DAYS",
    "META_FILE",
    "PROJECT",
    "START_SECONDS",
    "Deleted",
    "Meta",
    "RunError",
    "active_run",
    "advance",
    "branch",
    "bring_demo",
    "cancel",
    "change_length",
    "change_meta",
    "checkpoint_folder",
    "checkpoints",
    "comes_with_demo",
    "create",
    "delete_run",
    "deleted_runs",
    "empty_trash",
    "find",
    "forgets_runs",
    "group_runs",
    "is_under_way",
    "is_waiting",
    "last_lines",
    "list_runs",
    "move_first",
    "move_to_free_name",
    "on_space",
    "pause",
    "pending_requests",
    "place",
    "read_events",
    "read_meta",
    "read_metrics",
    "read_samples",
    "request",
    "restore_run",
    "resume",
    "runs_root",
    "set_learning_rate",
    "slots",
    "start",
    "status",
    "stop",
    "waiting_runs",
    "worker_environment",
]
