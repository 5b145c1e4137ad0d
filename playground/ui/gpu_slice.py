"""A minute of a GPU, where a Space lends one: the same run goes on there and is handed back.

On ZeroGPU a GPU is there inside single calls only, and outside them runs train on the CPU cores. So the run
saves a checkpoint and stops, goes on from it inside one call, saves again, and goes on on the cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from playground import runs
from playground.files import explain_os_error
from playground.ui import messages

CALL_SECONDS, SAVING_SECONDS = 60, 12
"""How long one call has the GPU, and how much of that is left for saving."""

PATIENCE_SECONDS = 60

Slice = Callable[[str, float], int]


def on_zero_gpu() -> bool:
    """Tell whether this is a Space that lends a GPU by the call."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def lent_gpu() -> Slice:
    """Return `go_on` as a call that has a GPU; the Space looks for such a function when it starts."""
    import spaces

    return spaces.GPU(duration=CALL_SECONDS)(go_on)


def go_on(run: str, seconds: float) -> int:
    """Let a stopped run go on in a process of its own for so many seconds; return its exit status."""
    command, root = [sys.executable, "-m", "playground"], str(Path(run).parent)
    env = {**runs.worker_environment(), "PLAYGROUND_RUNS": root}
    with open(Path(run) / "log.txt", "ab") as log:
        started: dict[str, Any] = {"cwd": runs.PROJECT, "env": env, "stdout": log, "stderr": log}
        worker = subprocess.Popen([*command, "train", "--run", run, "--resume"], **started)
        try:
            return worker.wait(seconds)
        except subprocess.TimeoutExpired:
            subprocess.run([*command, "runs", "--stop", Path(run).name], **started, check=True)
            return worker.wait()


def borrow(run: Path, go_on: Slice, seconds: float = CALL_SECONDS - SAVING_SECONDS) -> Iterator[str]:
    """Take a run to the GPU and back; yield what happens, in sentences. Raises RunError."""
    runs.require_own(run)
    if not runs.checkpoints(run):
        raise runs.NoCheckpointYetError(run.name)
    if runs.is_under_way(runs.status(run)):
        yield f"{run.name} saves a checkpoint …"
        runs.stop(run)
        _wait_until_stopped(run)
    before = runs.status(run)["step"]
    yield f"{run.name} goes on from step {before:,} on the GPU …"
    try:
        go_on(str(run), seconds)
    finally:
        state = runs.status(run)
        if state["state"] == "stopped":
            runs.resume(run)
    done = "It is done." if state["state"] == "finished" else "It goes on on the CPU cores."
    yield f"{state['step'] - before:,} steps on the GPU, to step {state['step']:,}. {done}"


def _wait_until_stopped(run: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while runs.is_under_way(runs.status(run)):
        if time.monotonic() > deadline:
            raise runs.RunError(f"{run.name} has not stopped within {PATIENCE_SECONDS} s: try again.")
        time.sleep(0.1)


def build_slice(run: gr.Dropdown, message: gr.HTML) -> None:
    """Lay out the button that borrows the GPU; nothing where there is none to borrow."""
    if not on_zero_gpu():
        return
    lent = lent_gpu()
    button = gr.Button(f"{CALL_SECONDS} s of GPU for this run", size="sm", elem_id="gpu-slice")

    def take(name: str | None) -> Iterator[str]:
        try:
            for said in borrow(runs.find(runs.runs_root(), name or ""), lent):
                yield messages.note(said)
        except runs.RunError as error:
            yield messages.error(str(error))
        except OSError as error:
            yield messages.error(explain_os_error(error, runs.runs_root()))

    button.click(take, run, message, api_visibility="private", trigger_mode="once", show_progress="minimal")
