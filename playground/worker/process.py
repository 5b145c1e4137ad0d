"""A worker as a process: it begins with a run folder and ends with an exit status."""

from __future__ import annotations

import contextlib
from pathlib import Path

from playground import endings, runs
from playground.config import ConfigError
from playground.control import StopRequestedError
from playground.distributed import ALONE, World
from playground.files import read_json
from playground.processes import run_pid
from playground.status_file import StatusFile
from playground.worker.worker import Worker

DONE, FAILED, STOPPED = 0, 1, 130


def work(run: Path, *, resume: bool = False, world: World = ALONE) -> int:
    """Train the run in this folder to its end, start the next of the queue, and return the exit status.

    In a world of several processes, this is its rank 0.
    """
    run = run.resolve()
    try:
        return _work(run, resume, world)
    finally:
        with contextlib.suppress(OSError):  # whoever looks at the runs next tries again
            runs.advance(run.parent)


def _work(run: Path, resume: bool, world: World) -> int:
    status = StatusFile(run)
    if status.values.get("state") != "queued":
        # Started by hand: a request of an earlier time is not meant. Started by the page, one may have
        # come since, and the page has cleared older ones.
        (run / "control.json").unlink(missing_ok=True)
    status.begin()
    status.update(processes=world.members)
    try:
        reason = Worker(run, status, world).run_to_end(resume)
    except StopRequestedError as stop:
        status.end("stopped", str(stop) or "Stopped on request.")
        return STOPPED
    except BaseException as raised:
        error = raised if endings.is_foreseen(raised, run) else world.cause_of(raised)
        reason = endings.explain(error, run, (status.values.get("memory") or {}).get("estimated"))
        status.end("failed", reason)
        if not endings.is_foreseen(error, run):
            raise
        print(reason)
        return FAILED
    status.end("finished", reason)
    return DONE


def refuse_if_busy(run: Path) -> None:
    """Raise ConfigError if another process is training in this folder."""
    state = runs.status(run)
    if runs.is_under_way(state) and state.get("pid") not in (None, run_pid()):
        raise ConfigError(f"{run.name} is training already, in process {state['pid']}.")
    if not (run / "config.json").is_file() or read_json(run / "config.json") is None:
        raise ConfigError(f"{run} has no readable config.json.")
