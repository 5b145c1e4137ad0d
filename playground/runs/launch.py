"""Begin the worker of a run as a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from playground import processes
from playground.files import read_json, write_json_atomic
from playground.runs.death import EXIT_FILE
from playground.runs.folders import RunError
from playground.runs.homes import PROJECT

EXIT_SECONDS = 10
"""A worker that has ended its run has this long to leave before another one may begin."""


def wait_for_exit(run: Path) -> None:
    """Wait for a worker that has said its last word but is still on its way out."""
    deadline = time.monotonic() + EXIT_SECONDS
    while processes.is_alive(*_process_of(run)):
        if time.monotonic() > deadline:
            raise RunError(f"The last process of {run.name} has not ended yet: try again in a moment.")
        time.sleep(0.02)


def spawn(run: Path, resume: bool, ended: Callable[[Path], object]) -> None:
    """Begin the run's worker; `ended` is called with the run when it has left, if this process is still here.

    The worker is in a session of its own and writes to log.txt, so it outlives the page and the app.
    """
    command = [sys.executable, "-m", "playground", "train", "--run", str(run)]
    before = read_json(run / "status.json") or {}
    queued = {**before, "state": "queued", "created": before.get("created", time.time()), "queue": None}
    queued = {**queued, "queued_at": time.time(), "pid": None, "start_time": None, "reason": ""}
    write_json_atomic(run / "status.json", queued)
    (run / "control.json").unlink(missing_ok=True)
    with open(run / "log.txt", "ab") as log:
        worker = subprocess.Popen(
            command + (["--resume"] if resume else []),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=PROJECT,
            env=worker_environment(),
            start_new_session=True,
        )
    started = processes.start_time(worker.pid)
    threading.Thread(target=_await_exit, args=(worker, run, ended), daemon=True).start()
    write_json_atomic(run / "status.json", {**queued, "pid": worker.pid, "start_time": started})


def _await_exit(worker: subprocess.Popen, run: Path, ended: Callable[[Path], object]) -> None:
    """Collect the worker when it ends, so that no zombie stays behind, and note how it ended."""
    code = worker.wait()
    with contextlib.suppress(OSError):  # a full disk, or the run was deleted: it is only a hint
        write_json_atomic(run / EXIT_FILE, {"pid": worker.pid, "code": code})
    with contextlib.suppress(OSError):  # whoever looks at the runs next tries again
        ended(run)


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker: idle compute threads sleep instead of spinning.

    Spinning threads take a whole core from the page on a small machine. Where one of several ranks starts the
    next run, what torchrun told it is not for that.
    """
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
    own = {name: value for name, value in os.environ.items() if not name.startswith(processes.TORCHRUN)}
    return {**quiet, **own, "PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "true"}


def _process_of(run: Path) -> tuple[int | None, str | None]:
    state = read_json(run / "status.json") or {}
    return state.get("pid"), state.get("start_time")
