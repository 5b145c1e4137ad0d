"""The Train tab: choose a text and a model, launch, watch, stop."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from playground import presets, runs
from playground.files import explain_os_error
from playground.sources import with_whole_start
from playground.ui import messages
from playground.ui.data_form import CORPUS_CHOICES
from playground.ui.data_tab import DataTab
from playground.ui.data_values import tokenizer_values, which_tokenizer
from playground.ui.data_wiring import TrainSide
from playground.ui.estimate_view import EstimateView, check_memory, with_vocabulary
from playground.ui.gpu_slice import build_slice
from playground.ui.keeping import build_keeping
from playground.ui.living_list import LivingList
from playground.ui.lr_range_wiring import range_cancel, range_look, wire_range
from playground.ui.machine_watch import MACHINE
from playground.ui.monitor import Monitor
from playground.ui.preview import check_rows
from playground.ui.run_choices import default_run, run_choices
from playground.ui.run_controls import (
    N_CONTROLS,
    RunControls,
    build_buttons,
    build_changes,
    find,
    looks,
    wire_controls,
)
from playground.ui.settings.component import Settings, settings_value
from playground.ui.sharing import build_sharing
from playground.ui.start_choice import said_of_start, start_choices, tokenizer_of_start, with_start_shape
from playground.ui.text_watch import EMPTY, visitor_of, wait_for
from playground.ui.toy_sgd import ToySGD
from playground.ui.train_form import Form

LAUNCH_PATIENCE_SECONDS = 5
"""A text that takes longer to prepare is refused by the worker, if need be, instead of before the launch."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}


@dataclass
class Controls:
    """The components that other functions wire together."""

    corpus: gr.Dropdown
    chosen: gr.HTML
    to_data: gr.Button
    form: list[Any]
    """Preset, start and settings, in the order that Form reads."""
    start_note: gr.HTML
    look_for: gr.HTML
    launch: gr.Button
    message: gr.HTML
    preview: gr.HTML
    estimate: EstimateView
    run: gr.Dropdown
    changes: RunControls
    run_message: gr.HTML
    monitor: Monitor


def build_train_tab(demo: gr.Blocks, tabs: gr.Tabs, data: DataTab) -> tuple[gr.Dropdown, TrainSide]:
    """Lay out the tab and wire it; return the dropdown of the run shown, and what follows the text."""
    with gr.Row(elem_classes="pg-train"):
        with gr.Column(scale=1, min_width=300):
            left = _build_form()
        with gr.Column(scale=3, min_width=320):
            with gr.Row(elem_classes="pg-run-row"):
                run = LivingList(
                    [], label="Run", container=False, scale=5, min_width=140, elem_id="train-run"
                )
                buttons = build_buttons()
            changes = build_changes(*buttons)
            run_message = gr.HTML(padding=False, elem_id="run-message")
            build_keeping(run)
            build_slice(run, run_message)
            build_sharing(run, run_message)
            monitor = Monitor(elem_id="monitor")
    controls = Controls(**left, run=run, changes=changes, run_message=run_message, monitor=monitor)
    applied = _wire_form(controls, tabs, data)
    _wire_run(controls, demo)
    preset, preview, estimate = controls.form[0], controls.preview, controls.estimate
    return run, TrainSide(
        controls.form, controls.corpus, controls.chosen, preset, applied, preview, estimate,
        controls.look_for, monitor,
    )  # fmt: skip


def _build_form() -> dict[str, Any]:
    start = presets.preset(presets.DEFAULT_PRESET)
    corpus = gr.Dropdown(CORPUS_CHOICES, value=start.config.data.corpus, label="Text", elem_id="corpus")
    with gr.Row(elem_classes="pg-chosen"):
        chosen = gr.HTML(padding=False, elem_id="text-chosen")
        to_data = gr.Button("Data tab ›", size="sm", scale=0, min_width=92, elem_id="to-data")
    choices = [(p.title, p.name) for p in presets.PRESETS.values()]
    preset = gr.Dropdown(choices, value=start.name, label="Model", elem_id="preset")
    begin = gr.Dropdown(
        start_choices(), value=start.config.start_from, label="Start from", allow_custom_value=True,
        elem_id="start-from",
    )  # fmt: skip
    begin_note = gr.HTML(padding=False, elem_id="start-note")
    look_for = gr.HTML(messages.note(start.look_for), padding=False)
    launch = gr.Button("Launch training", variant="primary", size="lg", elem_id="launch")
    message = gr.HTML(padding=False, elem_id="launch-message")
    estimate = EstimateView(padding=False, elem_id="estimate", elem_classes="pg-estimate-block")
    preview = gr.HTML(padding=False, elem_id="preview", elem_classes="pg-preview")
    settings = Settings(start.name, [range_look, range_cancel], padding=False, elem_id="settings")
    ToySGD(padding=False, elem_id="toy-sgd")
    return {
        "corpus": corpus, "chosen": chosen, "to_data": to_data, "form": [preset, begin, settings],
        "start_note": begin_note, "look_for": look_for, "launch": launch, "message": message,
        "preview": preview, "estimate": estimate,
    }  # fmt: skip


def _wire_form(c: Controls, tabs: gr.Tabs, data: DataTab) -> Any:
    preset, begin, settings = c.form
    c.to_data.click(lambda: gr.Tabs(selected="data"), None, tabs, **QUIET)
    applied = preset.input(_apply_preset, preset, [c.look_for, begin, c.start_note, settings], **QUIET)
    begin.focus(lambda: gr.update(choices=start_choices()), None, begin, **QUIET)
    cut = [data.chooser.part("tokenizer"), data.chooser.part("hf_name")]
    begin.input(_apply_start, [begin, preset], [c.start_note, *cut], **QUIET)
    begin.change(lambda start: said_of_start((start or "").strip()), begin, c.start_note, **QUIET)
    wire_range(settings, [*data.chooser.form, *c.form])
    c.launch.click(
        _launch,
        [*data.chooser.form, *c.form],
        [c.message, c.run],
        trigger_mode="once",
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=1,
    )
    return applied


def _wire_run(c: Controls, demo: gr.Blocks) -> None:
    buttons = c.changes.all
    shown = [c.monitor, *buttons]
    c.run.change(lambda name: (name or "", *looks(name)), c.run, shown, **QUIET)
    c.run.input(lambda: "", None, c.run_message, **QUIET)
    wire_controls(c.changes, c.run, c.run_message)
    seen = gr.State("")
    refreshed = [c.run, *buttons, c.run_message, seen]
    c.monitor.select(_refresh, [c.run, c.run_message, seen], refreshed, **QUIET)
    demo.load(_open, None, c.run, **QUIET)


def _apply_preset(name: str) -> list:
    chosen = presets.preset(name)
    start = chosen.config.start_from
    return [messages.note(chosen.look_for), start, said_of_start(start), settings_value(name)]


def _apply_start(start: str | None, preset: str) -> tuple:
    """Say what is started from, and cut the text with its tokenizer; without one, with the preset's."""
    start = (start or "").strip()
    spec = ":".join(tokenizer_of_start(start)) if start else presets.preset(preset).config.data.tokenizer
    values = tokenizer_values(spec)
    named = {**which_tokenizer(values["tokenizer"])[2], "value": values.get("hf_name", "")}
    return said_of_start(start), values["tokenizer"], named


def _launch(request: gr.Request, *values: Any) -> tuple:
    form = Form.read(values)
    root = runs.runs_root()
    try:
        run = _create_and_start(form, root, visitor_of(request))
    except (ValueError, runs.RunError) as error:
        return messages.error(str(error)), gr.skip()
    except OSError as error:
        return messages.error(explain_os_error(error, root)), gr.skip()
    place, choices = runs.place(run), run_choices(root)
    if place:
        said = f"{run.name} waits in the queue, at place {place}: it starts by itself when its turn comes."
        return messages.note(said), gr.update(choices=choices)
    return messages.note(f"Started as {run.name}."), gr.update(choices=choices, value=run.name)


def _create_and_start(form: Form, root: Path, visitor: str) -> Path:
    if form.data.is_empty:
        raise ValueError(EMPTY[form.data.corpus])
    config = form.config()
    shaped = with_start_shape(config)
    # So that a text that can't be learned is refused before there is a run.
    prepared = wait_for(form.data, visitor, LAUNCH_PATIENCE_SECONDS)
    if prepared is not None:
        check_rows(prepared, shaped)
        if config.train.check_memory and not runs.active_run(root):  # what waits is checked at its turn
            check_memory(with_vocabulary(shaped, prepared.tokenizer.d_vocab), MACHINE.ask())
    stored = dataclasses.replace(with_whole_start(config), data=form.data.stored_config())
    run = runs.create(root, f"{form.data.run_name()}-{form.preset}", stored.to_json())
    try:
        form.data.store(run)
        runs.start(run)
    except (OSError, ValueError, runs.RunError):
        shutil.rmtree(run, ignore_errors=True)
        raise
    return run


def _refresh(name: str | None, message: str, seen: str) -> tuple:
    """Show how the runs are, if anything changed since the last look; the monitor tells when to look.

    A note on what was asked for has done its work by then; an error stays.

    The chosen run is left alone where there is one: the person may be choosing another right now.
    """
    root = runs.runs_root()
    choices = run_choices(root)
    now = repr((choices, name, looks(name, anew=False)))
    if now == seen:
        return (gr.skip(),) * (3 + N_CONTROLS)
    chosen: dict[str, Any] = {} if name else {"value": default_run(root) or None}
    kept = gr.skip() if messages.is_error(message) else ""
    return gr.update(choices=choices, **chosen), *looks(name, anew=False), kept, now


def _open(request: gr.Request) -> Any:
    """Show the run named in the address, else the one that trains, else the newest."""
    root = runs.runs_root()
    wanted = find(request.query_params.get("run"))
    name = wanted.name if wanted else default_run(root)
    return gr.update(choices=run_choices(root), value=name or None)
