"""The Runs tab: the run book, and how its runs come back into the other tabs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import gradio as gr

from playground import presets, runs
from playground.config import ConfigError
from playground.files import explain_os_error
from playground.run_archive import import_run
from playground.run_summary import config_of
from playground.ui import messages
from playground.ui.data_chooser import about_text
from playground.ui.data_form import DataForm
from playground.ui.data_tab import DataTab
from playground.ui.data_values import data_values, groups_seen, shown_updates
from playground.ui.data_wiring import TrainSide
from playground.ui.evaluating import build_evaluating
from playground.ui.monitor.polling import MAX_RUNS
from playground.ui.run_book import RunBook
from playground.ui.run_book.duplicate import preset_and_settings
from playground.ui.run_choices import run_choices

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
NAMES = [field.name for field in dataclasses.fields(DataForm)]


def build_runs_tab(tabs: gr.Tabs, run: gr.Dropdown, train: TrainSide, data: DataTab) -> None:
    """Lay out the tab and wire it to the others."""
    message = gr.HTML(padding=False, elem_id="book-message")
    # Pressed by the list's own button, which stands where it is looked for.
    upload = gr.UploadButton("Import a run", file_types=[".zip"], visible="hidden", elem_id="book-import")
    book = RunBook(elem_id="run-book")
    build_evaluating()
    upload.upload(_import, upload, message, show_progress="minimal", api_visibility="private")
    book.select(_on_chart, None, [message, tabs, run, train.monitor], **QUIET)
    chooser = data.chooser
    filled = [*chooser.form, *chooser.groups, chooser.shares, chooser.about, train.short, *train.form]
    book.submit(_duplicate, None, [message, tabs, *filled, train.look_for], **QUIET)


def _import(file: str) -> str:
    try:
        run = import_run(Path(file), runs.runs_root())
    except (ValueError, runs.RunError) as error:
        return messages.error(str(error))
    except OSError as error:
        return messages.error(explain_os_error(error, runs.runs_root()))
    return messages.note(f"Imported as {run.name}.")


def _on_chart(event: gr.EventData) -> tuple:
    """Show the first run named in the Train tab, with the others laid over it."""
    root = runs.runs_root()
    names = event._data.get("runs") if isinstance(event._data, dict) else None
    known = {run.name for run in runs.list_runs(root)}
    names = [name for name in names if name in known] if isinstance(names, list) else []
    if not names:
        return messages.error("There is no such run any more."), gr.skip(), gr.skip(), gr.skip()
    chosen = gr.update(choices=run_choices(root), value=names[0])
    left_out = len(names) - MAX_RUNS
    said = f"The chart holds {MAX_RUNS} runs: {left_out} more were left out." if left_out > 0 else ""
    return messages.note(said), gr.Tabs(selected="train"), chosen, ",".join(names[:MAX_RUNS])


def _duplicate(event: gr.EventData) -> tuple:
    """Fill the forms of the Data and Train tabs with the settings of the run named."""
    root = runs.runs_root()
    named = event._data.get("run") if isinstance(event._data, dict) else None
    try:
        run = runs.find(root, str(named or ""))
        runs.require_text(run)
        config = config_of(run)
        if config is None:
            raise ConfigError(f"The config of {run.name} can't be read.")
        values = data_values(config.data, run)
        preset, settings = preset_and_settings(config)
    except (ValueError, runs.RunError, OSError) as error:
        n_filled = len(NAMES) + 10
        return messages.error(str(error)), gr.skip(), *(gr.skip(),) * n_filled
    updates = shown_updates(values)
    return (
        "", gr.Tabs(selected="train"), *(updates[name] for name in NAMES), *groups_seen(values),
        messages.note(about_text(values["corpus"])), values["corpus"], preset, config.start_from, settings,
        messages.note(presets.preset(preset).look_for),
    )  # fmt: skip
