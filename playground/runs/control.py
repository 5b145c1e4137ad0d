"""Requests to the worker of a run: left in control.json, taken between two steps."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from playground.files import read_json, write_json_atomic, write_text_atomic
from playground.locks import hold
from playground.runs.folders import RunError, checkpoints
from playground.runs.owners import require_own
from playground.runs.queue import cancel, start
from playground.runs.state import ACTIVE, is_under_way, is_waiting, status

CONTROL_FILE = "control.json"

KEPT = 8
"""Earlier requests that stay in the file: the worker may not have looked since."""


def request(run: Path, action: str, **values: Any) -> None:
    """Leave a request for the worker, which looks for one between two steps.

    Raises RunError unless whoever asks may change the run.
    """
    require_own(run)
    with hold(run / ".control.lock"):
        earlier = pending_requests(run)[-KEPT:]
        number = max([time.time_ns(), *(e["id"] + 1 for e in earlier)])
        latest = {"action": action, "id": number, **values}
        write_json_atomic(run / CONTROL_FILE, {**latest, "earlier": earlier})


def pending_requests(run: Path, after: int = 0) -> list[dict[str, Any]]:
    """Return the requests in control.json whose id is over `after`, oldest first."""
    latest = read_json(run / CONTROL_FILE) or {}
    requests = [*latest.pop("earlier", []), latest]
    return [r for r in requests if isinstance(r.get("id"), int) and r["id"] > after]


def stop(run: Path) -> None:
    """Ask the worker to save a checkpoint and end; a run that waits is taken out of the queue."""
    if not cancel(run):
        request(run, "stop")


def pause(run: Path) -> None:
    """Ask the worker to wait after the step under way; raises RunError for a run that waits in the queue."""
    if is_waiting(status(run)):
        raise RunError(f"{run.name} waits in the queue: there is nothing to pause yet.")
    request(run, "pause")


def resume(run: Path) -> None:
    """Go on with a paused run, or start a stopped one again from its last checkpoint, when its turn comes."""
    if is_under_way(status(run)):
        request(run, "resume")
    else:
        start(run, resume=True)


def change_length(run: Path, steps: int, patience: int, processes: int | None = None) -> None:
    """Change how long a run goes on when it is resumed, and with how many processes (None: as before).

    See schedules.lr_at for what its rate then does.

    Raises RunError for a run that is under way, or has done as many steps already.
    """
    require_own(run)
    state = status(run)
    if state["state"] in ACTIVE:
        raise RunError(f"{run.name} is under way: stop it first, then resume it with other steps.")
    done = max(checkpoints(run), default=0)
    if steps < done:
        raise RunError(f"steps is {steps:,}, but {run.name} has done {done:,} already: name more.")
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["train"] |= {"steps": steps, "patience": patience}
    if processes is not None:
        config["train"]["processes"] = processes
    write_text_atomic(run / "config.json", json.dumps(config, indent=2) + "\n", durable=True)


def set_learning_rate(run: Path, lr: float) -> None:
    """Ask the worker to learn at another rate from the next step on; see schedules.changed_lr.

    Raises RunError for a rate that is no positive number, or a run that is not under way.
    """
    require_own(run)
    if not (isinstance(lr, (int, float)) and math.isfinite(lr) and lr > 0):
        raise RunError(f"A learning rate is a number over 0, but this is {lr!r}.")
    if not is_under_way(status(run)):
        raise RunError(f"{run.name} is not under way: resume it first, then change its learning rate.")
    request(run, "set_lr", lr=float(lr))
