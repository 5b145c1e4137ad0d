"""The runs as a list to choose from."""

from __future__ import annotations

from pathlib import Path

from playground import runs

Choice = tuple[str, str]


def run_choices(root: Path) -> list[Choice]:
    """Return a label and a name for every run, newest first."""
    return [(run_label(run), run.name) for run in runs.list_runs(root)]


def run_label(run: Path) -> str:
    """Return title or name, state and step of a run; no step where it would soon be another."""
    status = runs.status(run)
    words = {"running": "training now", "finished": "done"}.get(status["state"], status["state"])
    step = "" if status["state"] in ("running", "preparing") else f", step {status['step']:,}"
    return f"{runs.read_meta(run).title or run.name} · {words}{step}"


def default_run(root: Path) -> str:
    """Return the run to show first: the one that trains, else the newest, else none."""
    found = runs.list_runs(root)
    active = [run for run in found if runs.is_under_way(runs.status(run))]
    return next((run.name for run in (*active, *found)), "")


NEWEST = -1
"""Stands for the newest checkpoint, whichever that is by then."""


def step_choices(root: Path, name: str | None) -> list[tuple[str, int]]:
    """Return the kept checkpoints of a run, the newest first, as it moves on."""
    try:
        steps = runs.checkpoints(runs.find(root, name or ""))
    except runs.RunError:
        steps = []
    newest = f"step {steps[-1]:,}, newest" if steps else "none yet"
    return [(newest, NEWEST), *((f"step {step:,}", step) for step in reversed(steps))]


def checkpoint_choices(root: Path) -> list[Choice]:
    """Return every kept checkpoint of every run as a label and RUN@STEP, the newest as it moves on first."""
    return [
        (f"{run.name}, {label}", f"{run.name}@{step}")
        for run in runs.list_runs(root)
        if runs.checkpoints(run)
        for label, step in step_choices(root, run.name)
    ]
