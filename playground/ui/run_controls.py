"""What can be done with the run that is shown: pause, resume, stop, another rate, more steps, a branch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from playground import runs
from playground.files import explain_os_error, read_json
from playground.ui import messages
from playground.ui.run_choices import run_choices

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
RATES = [
    ("same rate", 1.0),
    ("3 × the rate", 3.0),
    ("⅓ of the rate", 1 / 3),
    ("1/10 of the rate", 0.1),
]
CHECKPOINTS = [("newest checkpoint", "newest"), ("best checkpoint", "best")]
"""Or the step of another one."""

GONE = "There is no run named {!r} any more."


@dataclass
class RunControls:
    """The components, in the order in which `looks` returns what they show."""

    pause: gr.Button
    stop: gr.Button
    rate: gr.Number
    set_rate: gr.Button
    steps: gr.Number
    train_on: gr.Button
    checkpoint: gr.Dropdown
    factor: gr.Dropdown
    branch: gr.Button

    @property
    def all(self) -> list[Any]:
        """All of them."""
        return list(vars(self).values())


N_CONTROLS = len(fields(RunControls))


def build_buttons() -> tuple[gr.Button, gr.Button]:
    """Lay out what stands beside the run."""
    pause = gr.Button("Pause", scale=1, min_width=84, interactive=False, elem_id="pause")
    stop = gr.Button("Stop", scale=1, min_width=84, variant="stop", interactive=False, elem_id="stop")
    return pause, stop


def build_changes(pause: gr.Button, stop: gr.Button) -> RunControls:
    """Lay out the line under the run; of its parts, those are shown that apply."""
    plain: dict[str, Any] = {"container": False, "show_label": False, "visible": False}
    button: dict[str, Any] = {"size": "sm", "scale": 0, "visible": False}
    with gr.Row(elem_classes="pg-run-changes"):
        rate = gr.Number(label="Learning rate", min_width=90, scale=0, elem_id="new-rate", **plain)
        set_rate = gr.Button("Set rate", min_width=80, elem_id="set-rate", **button)
        steps = gr.Number(
            label="Steps in all", precision=0, min_width=90, scale=0, elem_id="more-steps", **plain
        )
        train_on = gr.Button("Train on", min_width=80, elem_id="train-on", **button)
        checkpoint = gr.Dropdown(
            CHECKPOINTS, value="newest", label="Checkpoint to branch from", allow_custom_value=True,
            min_width=220, scale=0, elem_id="branch-step", **plain
        )  # fmt: skip
        factor = gr.Dropdown(
            RATES, value=1.0, label="Its rate", min_width=170, scale=0, elem_id="branch-rate", **plain
        )
        branch = gr.Button("Branch", min_width=80, elem_id="branch", **button)
    return RunControls(pause, stop, rate, set_rate, steps, train_on, checkpoint, factor, branch)


def wire_controls(controls: RunControls, run: gr.Dropdown, message: gr.HTML) -> None:
    """Let each button do what it says; the message under the run says what comes of it."""
    c, shown = controls, [message, *controls.all]
    c.stop.click(_stop, run, shown, **QUIET)
    c.pause.click(_pause_or_resume, run, shown, **QUIET)
    for event in (c.set_rate.click, c.rate.submit):
        event(_set_rate, [run, c.rate], shown, **QUIET)
    for event in (c.train_on.click, c.steps.submit):
        event(_train_on, [run, c.steps], shown, **QUIET)
    c.branch.click(_branch, [run, c.checkpoint, c.factor], [run, *shown], trigger_mode="once", **QUIET)


def find(name: str | None) -> Path | None:
    """Return the run of a name, None if there is none."""
    try:
        return runs.find(runs.runs_root(), name or "")
    except runs.RunError:
        return None


def looks(name: str | None, *, anew: bool = True) -> tuple:
    """Return what the controls look like for a run; `anew`: what is in the boxes is set too."""
    run = find(name)
    run = run if run and runs.is_own(run) else None
    state = runs.status(run) if run else {"state": "", "step": 0}
    steps = runs.checkpoints(run) if run else []
    is_live = state["state"] in ("running", "paused")
    resumable = state["state"] in ("stopped", "failed") and bool(steps)
    is_over = state["state"] in ("finished", "stopped") and bool(steps)
    words = "Resume" if state["state"] == "paused" or resumable else "Pause"
    earlier = branch_steps(run)
    rate: Any = {"value": rate_of(run)} if anew and run else {}
    steps_of = _config(run).get("train", {}).get("steps") if anew and run else None
    total: Any = {"value": 2 * steps_of} if isinstance(steps_of, int) else {}
    return (
        gr.update(value=words, interactive=is_live or resumable),
        gr.update(interactive=state["state"] in runs.ACTIVE),
        gr.update(visible=is_live, **rate),
        gr.update(visible=is_live),
        gr.update(visible=is_over, **total),
        gr.update(visible=is_over),
        gr.update(visible=bool(earlier)),
        gr.update(visible=bool(earlier)),
        gr.update(visible=bool(earlier)),
    )


def branch_steps(run: Path | None) -> list[int]:
    """Return the checkpoints from which a run could have gone on otherwise, the newest first."""
    if run is None:
        return []
    last = _config(run).get("train", {}).get("steps", 0)
    return [step for step in reversed(runs.checkpoints(run)) if step < last]


def branch_step(run: Path, wanted: Any) -> int:
    """Return the step that is meant by newest, best or its number; raises RunError if there is none."""
    earlier = branch_steps(run)
    if not earlier:
        raise runs.RunError(f"{run.name} has no checkpoint before its last step to branch from.")
    if wanted in (None, "newest"):
        return earlier[0]
    if wanted == "best":
        best = runs.status(run).get("best")
        return best if best in earlier else earlier[0]
    digits = str(wanted).replace(",", "").strip()
    if not digits.isdecimal():
        raise runs.RunError(f"A checkpoint is newest, best or a step, but this is {wanted!r}.")
    return int(digits)


def rate_of(run: Path) -> float | None:
    """Return the learning rate of the last step that was written down, before it that of the settings."""
    for line in reversed(runs.last_lines(run / "metrics.jsonl", 30)):
        try:
            rate = json.loads(line).get("lr")
        except ValueError:  # the first of these lines may be cut off
            continue
        if rate is not None:
            return float(f"{rate:.4g}")
    return _config(run).get("optim", {}).get("lr")


def _config(run: Path) -> dict[str, Any]:
    return read_json(run / "config.json") or {}


def asked(name: str | None, action: Callable[[Path], str]) -> tuple:
    """Do something with a run; return what is said of it, and what the controls look like then."""
    run = find(name)
    if run is None:
        return messages.error(GONE.format(name)), *looks(name)
    try:
        said = messages.note(action(run))
    except runs.RunError as error:
        said = messages.error(str(error))
    except OSError as error:
        said = messages.error(explain_os_error(error, run))
    return said, *looks(run.name, anew=False)


def _stop(name: str | None) -> tuple:
    def action(run: Path) -> str:
        waits = runs.is_waiting(runs.status(run))
        runs.stop(run)
        return (
            "It was taken out of the queue." if waits else "It saves a checkpoint and stops after this step."
        )

    return asked(name, action)


def _pause_or_resume(name: str | None) -> tuple:
    def action(run: Path) -> str:
        if runs.status(run)["state"] == "running":
            runs.pause(run)
            return "It pauses after this step."
        runs.resume(run)
        return _waits_or(run, "It goes on.")

    return asked(name, action)


def _set_rate(name: str | None, rate: float | None) -> tuple:
    def action(run: Path) -> str:
        if rate is None:
            raise runs.RunError("The learning rate is empty: give a number.")
        runs.set_learning_rate(run, rate)
        if runs.status(run)["state"] == "paused":
            return f"It learns at {rate:g} once it goes on."
        return f"It learns at {rate:g} from its next step on: the chart marks it."

    return asked(name, action)


def _train_on(name: str | None, steps: float | None) -> tuple:
    def action(run: Path) -> str:
        done = max(runs.checkpoints(run), default=0)
        if steps is None or int(steps) <= done:
            raise runs.RunError(f"It has done {done:,} steps already: give more of them.")
        runs.change_length(run, int(steps), 0)
        runs.resume(run)
        return _waits_or(run, f"It goes on to step {int(steps):,}, its schedule drawn over the new length.")

    return asked(name, action)


def _branch(name: str | None, step: Any, factor: float | None) -> tuple:
    made: list[Path] = []

    def action(run: Path) -> str:
        at = branch_step(run, step)
        made.append(runs.branch(run, at, f"{run.name}-from-{at}", lr_factor=factor or 1.0))
        runs.start(made[0], resume=True)
        return _waits_or(made[0], f"{made[0].name} goes on from step {at:,} of {run.name}.")

    said, *shown = asked(name, action)
    if not made:
        return gr.skip(), said, *shown
    chosen = gr.update(choices=run_choices(runs.runs_root()), value=made[0].name)
    return chosen, said, *looks(made[0].name)


def _waits_or(run: Path, said: str) -> str:
    place = runs.place(run)
    return f"{run.name} waits in the queue, at place {place}." if place else said
