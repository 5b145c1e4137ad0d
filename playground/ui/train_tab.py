"""The Train tab: choose a text and a model, launch, watch, stop."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from playground import presets, runs
from playground.files import explain_os_error, write_text_atomic
from playground.ui import messages
from playground.ui.monitor import Monitor
from playground.ui.preview import numbers_of, preview_html
from playground.ui.run_choices import default_run, run_choices
from playground.ui.train_form import (
    CORPUS_CHOICES,
    OWN_TEXT,
    OWN_TEXT_FILE,
    TOKENIZER_CHOICES,
    Form,
    settings_of,
)

REFRESH_SECONDS = 2.5
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
LATEST: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}


@dataclass
class Controls:
    """The components that other functions wire together."""

    form: list[Any]
    own_group: gr.Group
    look_for: gr.HTML
    launch: gr.Button
    message: gr.HTML
    preview: gr.HTML
    run: gr.Dropdown
    pause: gr.Button
    stop: gr.Button
    run_message: gr.HTML
    monitor: Monitor


def build_train_tab(demo: gr.Blocks) -> gr.Dropdown:
    """Lay out the tab, wire it, and return the dropdown of the run that is shown."""
    with gr.Row(elem_classes="pg-train"):
        with gr.Column(scale=1, min_width=300):
            form, own_group, look_for, launch, message, preview = _build_form()
        with gr.Column(scale=3, min_width=320):
            with gr.Row(elem_classes="pg-run-row"):
                run = gr.Dropdown(
                    [], label="Run", container=False, scale=5, min_width=140, elem_id="train-run"
                )
                pause = gr.Button("Pause", scale=1, min_width=84, interactive=False, elem_id="pause")
                stop = gr.Button(
                    "Stop", scale=1, min_width=84, variant="stop", interactive=False, elem_id="stop"
                )
            run_message = gr.HTML(padding=False)
            monitor = Monitor(elem_id="monitor")
    controls = Controls(
        form, own_group, look_for, launch, message, preview, run, pause, stop, run_message, monitor
    )
    _wire_form(controls, demo)
    _wire_run(controls, demo)
    return run


def _build_form() -> tuple:
    start = presets.preset(presets.DEFAULT_PRESET)
    corpus = gr.Dropdown(CORPUS_CHOICES, value=start.config.data.corpus, label="Text", elem_id="corpus")
    with gr.Group(visible=False) as own_group:
        own_text = gr.Textbox(label="Paste your text", lines=2, max_lines=8, elem_id="own-text")
        own_file = gr.File(
            label="… or upload a .txt file", file_types=[".txt"], height=125, elem_id="own-file"
        )
    choices = [(p.title, p.name) for p in presets.PRESETS.values()]
    preset = gr.Dropdown(choices, value=start.name, label="Model", elem_id="preset")
    look_for = gr.HTML(messages.note(start.look_for), padding=False)
    message = gr.HTML(padding=False, elem_id="launch-message")
    launch = gr.Button("Launch training", variant="primary", size="lg", elem_id="launch")
    with gr.Accordion("Settings", open=False):
        settings = _build_settings(settings_of(start.name))
    with gr.Accordion("Before you launch", open=True):
        preview = gr.HTML(padding=False, elem_id="preview")
    form = [corpus, own_text, own_file, preset, *settings]
    return form, own_group, look_for, launch, message, preview


def _build_settings(values: tuple) -> list[gr.components.Component]:
    kind, bpe_size, n_layers, n_heads, d_model, n_ctx, batch_size, lr, steps = values
    tokenizer = gr.Dropdown(TOKENIZER_CHOICES, value=kind, label="Tokens")
    size = gr.Slider(257, 8192, value=bpe_size, step=1, label="BPE vocabulary")
    with gr.Row():
        layers = gr.Number(n_layers, label="Layers", precision=0, minimum=1, min_width=80)
        heads = gr.Number(n_heads, label="Heads", precision=0, minimum=1, min_width=80)
    with gr.Row():
        width = gr.Number(d_model, label="Width", precision=0, minimum=1, min_width=80)
        context = gr.Number(n_ctx, label="Context", precision=0, minimum=1, min_width=80)
    with gr.Row():
        batch = gr.Number(batch_size, label="Batch", precision=0, minimum=1, min_width=80)
        rate = gr.Number(lr, label="Learning rate", min_width=80)
    step_count = gr.Number(steps, label="Steps", precision=0, minimum=1)
    return [tokenizer, size, layers, heads, width, context, batch, rate, step_count]


def _wire_form(c: Controls, demo: gr.Blocks) -> None:
    corpus, own_text, own_file, preset, *settings = c.form
    corpus.change(lambda name: gr.update(visible=name == OWN_TEXT), corpus, c.own_group, **QUIET)
    preset.input(_apply_preset, preset, [c.look_for, *settings], **QUIET)
    changes = [component.change for component in (corpus, own_file, preset, *settings)]
    gr.on([demo.load, *changes, own_text.input], _preview, c.form, c.preview, **LATEST)
    c.launch.click(
        _launch,
        c.form,
        [c.message, c.run],
        trigger_mode="once",
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=1,
    )


def _wire_run(c: Controls, demo: gr.Blocks) -> None:
    buttons = [c.pause, c.stop]
    shown = [c.monitor, *buttons, c.run_message]
    c.run.change(lambda name: (name or "", *_buttons(name), ""), c.run, shown, **QUIET)
    c.stop.click(_stop, c.run, [c.run_message, *buttons], **QUIET)
    c.pause.click(_pause_or_resume, c.run, [c.run_message, *buttons], **QUIET)
    seen = gr.State("")
    refreshed = [c.run, *buttons, c.run_message, seen]
    gr.Timer(REFRESH_SECONDS).tick(_refresh, [c.run, c.run_message, seen], refreshed, **QUIET)
    demo.load(_open, None, c.run, **QUIET)


def _apply_preset(name: str) -> list:
    return [messages.note(presets.preset(name).look_for), *settings_of(name)]


def _preview(*values: Any) -> str:
    form = Form(*values)
    if form.corpus == OWN_TEXT and not form.own_file and not (form.own_text or "").strip():
        return messages.note("Paste some text or upload a .txt file, and its numbers appear here.")
    try:
        config = form.config()
        corpus = form.loaded_corpus() if form.corpus == OWN_TEXT else None
        return preview_html(config, numbers_of(config.data, corpus))
    except ValueError as error:  # settings or text that can't work, each in one sentence
        return messages.error(str(error))


def _launch(*values: Any) -> tuple:
    form = Form(*values)
    root = runs.runs_root()
    try:
        run = _create_and_start(form, root)
    except (ValueError, runs.RunError) as error:
        return messages.error(str(error)), gr.skip()
    except OSError as error:
        return messages.error(explain_os_error(error, root)), gr.skip()
    return messages.note(f"Started as {run.name}."), gr.update(choices=run_choices(root), value=run.name)


def _create_and_start(form: Form, root: Path) -> Path:
    busy = runs.active_run(root)
    if busy is not None:
        raise runs.RunError(f"{busy.name} is training already: stop it first, or wait until it is done.")
    config = form.config()
    corpus = form.loaded_corpus()
    # Counted here too, so that a text that can't be learned is refused before there is a run.
    numbers = numbers_of(config.data, corpus if form.corpus == OWN_TEXT else None)
    if numbers["train_tokens"] <= config.model.n_ctx:
        raise ValueError(
            f"The training text has {numbers['train_tokens']:,} tokens, too few for a context of "
            f"{config.model.n_ctx:,}: choose a shorter context or more text."
        )
    name = f"{'own-text' if form.corpus == OWN_TEXT else form.corpus}-{form.preset}"
    run = runs.create(root, name, config.to_json())
    try:
        if form.corpus == OWN_TEXT:
            write_text_atomic(run / OWN_TEXT_FILE, "".join(corpus.documents), durable=True)
        runs.start(run)
    except (OSError, runs.RunError):
        shutil.rmtree(run, ignore_errors=True)
        raise
    return run


def _buttons(name: str | None) -> tuple:
    """Return what Pause and Stop look like for a run."""
    run = _find(name)
    state = runs.status(run)["state"] if run else ""
    resumable = run is not None and state in ("stopped", "failed") and bool(runs.checkpoints(run))
    pause = "Resume" if state == "paused" or resumable else "Pause"
    return (
        gr.update(value=pause, interactive=state in ("running", "paused") or resumable),
        gr.update(interactive=state in runs.ACTIVE),
    )


def _find(name: str | None) -> Path | None:
    try:
        return runs.find(runs.runs_root(), name or "")
    except runs.RunError:
        return None


def _stop(name: str | None) -> tuple:
    run = _find(name)
    if run is None:
        return messages.error(f"There is no run named {name!r} any more."), *_buttons(name)
    return _asked(run, runs.stop, "It saves a checkpoint and stops after this step.")


def _pause_or_resume(name: str | None) -> tuple:
    run = _find(name)
    if run is None:
        return messages.error(f"There is no run named {name!r} any more."), *_buttons(name)
    if runs.status(run)["state"] == "running":
        return _asked(run, runs.pause, "It pauses after this step.")
    return _asked(run, runs.resume, "It goes on.")


def _asked(run: Path, action: Any, said: str) -> tuple:
    try:
        action(run)
    except runs.RunError as error:
        return messages.error(str(error)), *_buttons(run.name)
    except OSError as error:
        return messages.error(explain_os_error(error, run)), *_buttons(run.name)
    return messages.note(said), *_buttons(run.name)


def _refresh(name: str | None, message: str, seen: str) -> tuple:
    """Bring the list of runs and the buttons up to date, if anything changed since the last look.

    A note on what was asked for has done its work by then; an error stays.

    The chosen run is left alone where there is one: the person may be choosing another right now.
    """
    root = runs.runs_root()
    choices = run_choices(root)
    now = repr((choices, name))
    if now == seen:
        return (gr.skip(),) * 5
    chosen: dict[str, Any] = {} if name else {"value": default_run(root) or None}
    kept = gr.skip() if messages.is_error(message) else ""
    return gr.update(choices=choices, **chosen), *_buttons(name), kept, now


def _open(request: gr.Request) -> Any:
    """Show the run named in the address, else the one that trains, else the newest."""
    root = runs.runs_root()
    wanted = _find(request.query_params.get("run"))
    name = wanted.name if wanted else default_run(root)
    return gr.update(choices=run_choices(root), value=name or None)
