"""Run folders: create, start, stop, pause, resume, list and read them.

A run is one folder and one process, and the folder is the whole truth: anyone may read it at any
time, and requests to the worker are written into it. Standard library only, so that the page stays
light and a crash in training can't take it down.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from playground import processes
from playground.files import read_json, read_json_lines, write_json_atomic, write_text_atomic
from playground.locks import hold

ACTIVE = frozenset({"queued", "preparing", "running", "paused"})
"""States in which a worker is, or should be, alive."""

START_SECONDS = 60
"""A queued run without a process after this long was never started."""

EXIT_SECONDS = 10
"""A worker that has ended its run has this long to leave before another one may begin."""

PROJECT = Path(__file__).resolve().parent.parent


class RunError(Exception):
    """Something that can't be done with a run; the message is one sentence for the person."""


def runs_root() -> Path:
    """Return the folder of all runs: PLAYGROUND_RUNS, or checkpoints/ beside app.py."""
    return Path(os.environ.get("PLAYGROUND_RUNS") or PROJECT / "checkpoints").resolve()


def create(root: Path, name: str, config_json: str) -> Path:
    """Make a new run folder with its config; if the name is taken, a number is added."""
    base = _folder_name(name)
    root.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        run = root / (base if number == 1 else f"{base}-{number}")
        with contextlib.suppress(FileExistsError):
            run.mkdir()
            break
    write_text_atomic(run / "config.json", config_json, durable=True)
    created = {"state": "stopped", "reason": "Not started yet.", "created": time.time()}
    write_json_atomic(run / "status.json", created)
    return run


def _folder_name(name: str) -> str:
    """Reduce a name to letters, digits, dot, dash and underscore, so that it can't leave its folder."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:60]
    return cleaned or "run"


def find(root: Path, name: str) -> Path:
    """Return the folder of the run of this name; raises RunError if there is none."""
    run = root / name
    if not name or name != _folder_name(name) or not (run / "config.json").is_file():
        raise RunError(f"There is no run named {name!r}.")
    return run


def list_runs(root: Path) -> list[Path]:
    """Return the folders of all runs, newest first."""
    folders = [path.parent for path in root.glob("*/config.json")]
    return sorted(folders, key=lambda run: (_created(run), run.name), reverse=True)


def _created(run: Path) -> float:
    return float((read_json(run / "status.json") or {}).get("created", 0))


def active_run(root: Path) -> Path | None:
    """Return a run whose worker is alive or about to be, or None."""
    return next((run for run in list_runs(root) if status(run)["state"] in ACTIVE), None)


def start(run: Path, *, resume: bool = False) -> int:
    """Start the run's worker as a process of its own and return its id.

    The worker is in a session of its own and writes to log.txt, so it outlives the page and the app.
    Raises RunError if another run of the same folder of runs is under way.
    """
    with hold(run.parent / ".lock"):
        busy = next((r for r in list_runs(run.parent) if r != run and status(r)["state"] in ACTIVE), None)
        if busy is not None:
            raise RunError(f"{busy.name} is training already: stop it first, or wait until it is done.")
        if status(run)["state"] in ACTIVE and processes.is_alive(*_process_of(run)):
            raise RunError(f"{run.name} is training already.")
        _wait_for_exit(run)
        return _spawn(run, resume)


def _wait_for_exit(run: Path) -> None:
    """Wait for a worker that has said its last word but is still on its way out."""
    deadline = time.monotonic() + EXIT_SECONDS
    while processes.is_alive(*_process_of(run)):
        if time.monotonic() > deadline:
            raise RunError(f"The last process of {run.name} has not ended yet: try again in a moment.")
        time.sleep(0.02)


def _spawn(run: Path, resume: bool) -> int:
    command = [sys.executable, "-m", "playground", "train", "--run", str(run)]
    before = read_json(run / "status.json") or {}
    queued = {**before, "state": "queued", "created": before.get("created", time.time())}
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
    # Collects the worker when it ends, so that it does not stay behind as a zombie.
    threading.Thread(target=worker.wait, daemon=True).start()
    started = processes.start_time(worker.pid)
    write_json_atomic(run / "status.json", {**queued, "pid": worker.pid, "start_time": started})
    return worker.pid


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker: idle compute threads sleep instead of spinning.

    Spinning threads take a whole core from the page on a small machine.
    """
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
    return {**quiet, **os.environ, "PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "true"}


def _process_of(run: Path) -> tuple[int | None, str | None]:
    state = read_json(run / "status.json") or {}
    return state.get("pid"), state.get("start_time")


def request(run: Path, action: str, **values: Any) -> None:
    """Leave a request for the worker, which looks for one between two steps."""
    write_json_atomic(run / "control.json", {"action": action, "id": time.time_ns(), **values})


def stop(run: Path) -> None:
    """Ask the worker to save a checkpoint and end."""
    request(run, "stop")


def pause(run: Path) -> None:
    """Ask the worker to wait after the step under way."""
    request(run, "pause")


def resume(run: Path) -> None:
    """Go on with a paused run, or start a stopped one again from its last checkpoint."""
    if status(run)["state"] in ACTIVE:
        request(run, "resume")
    else:
        start(run, resume=True)


def status(run: Path) -> dict[str, Any]:
    """Return the run's state as it is now, whatever the folder says.

    A worker that died without a word is shown as failed, with the last line of its log.
    """
    found = read_json(run / "status.json")
    if found is None:
        return {"state": "failed", "step": 0, "reason": f"{run.name}/status.json is missing or garbled."}
    state: dict[str, Any] = {"step": 0, "total_steps": 0, "reason": "", **found}
    if state.get("state") not in ACTIVE or processes.is_alive(state.get("pid"), state.get("start_time")):
        return state
    since = time.time() - state.get("queued_at", state.get("created", 0))
    if state["state"] == "queued" and state.get("pid") is None and since < START_SECONDS:
        return state
    fresh = read_json(run / "status.json") or state  # it may have ended in an orderly way just now
    if fresh.get("state") not in ACTIVE:
        return {"step": 0, "total_steps": 0, "reason": "", **fresh}
    return {**state, "state": "failed", "reason": _death_notice(run, state)}


def _death_notice(run: Path, state: dict[str, Any]) -> str:
    lines = last_lines(run / "log.txt", 1)
    said = f" Its last words: {lines[0]}" if lines else " It was killed, or the machine was restarted."
    return f"The training process ended at step {state['step']} without saying why.{said}"


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last non-empty lines of a text file, none if it is missing."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 8192))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()][-count:]


def read_metrics(run: Path, since_byte: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the metric records from a byte of metrics.jsonl on, and the byte to go on from."""
    return read_json_lines(run / "metrics.jsonl", since_byte)


def read_samples(run: Path, since_byte: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the completions from a byte of samples.jsonl on, and the byte to go on from."""
    return read_json_lines(run / "samples.jsonl", since_byte)


def checkpoints(run: Path) -> list[int]:
    """Return the steps of which there is a whole checkpoint, in order."""
    names = [path.parent.name for path in run.glob("checkpoints/step-*/state.json")]
    return sorted(int(name[5:]) for name in names if name[5:].isdigit())


def checkpoint_folder(run: Path, step: int) -> Path:
    """Return where the checkpoint of a step lies."""
    return run / "checkpoints" / f"step-{step:06d}"
