"""Run folders: create, start, stop, pause, resume, branch, list and read them.

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
    PROJECT,
    RunError,
    checkpoint_folder,
    checkpoints,
    create,
    find,
    last_lines,
    list_runs,
    read_events,
    read_metrics,
    read_samples,
    runs_root,
)
from playground.runs.launch import start, worker_environment
from playground.runs.state import ACTIVE, START_SECONDS, active_run, status

__all__ = [
    "ACTIVE",
    "PROJECT",
    "START_SECONDS",
    "RunError",
    "active_run",
    "branch",
    "change_length",
    "checkpoint_folder",
    "checkpoints",
    "create",
    "find",
    "last_lines",
    "list_runs",
    "pause",
    "pending_requests",
    "read_events",
    "read_metrics",
    "read_samples",
    "request",
    "resume",
    "runs_root",
    "set_learning_rate",
    "start",
    "status",
    "stop",
    "worker_environment",
]
