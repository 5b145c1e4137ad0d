"""Models of Hugging Face, opened as runs in the background while a page asks how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import gradio as gr

from playground import runs
from playground.splits import Report
from playground.ui import messages
from playground.ui.corpus_facts import Task, Tasks
from playground.ui.run_choices import NEWEST, run_choices, step_choices
from playground.ui.visitors import scoped

TASKS = Tasks()
POLL_SECONDS = 0.3


def ask_opened(name: str) -> Path | Task:
    """Return the run that a model was opened as, or the task that opens it.

    Raises what open_as_run raises: a ValueError in one sentence.
    """
    root, asker = runs.runs_root(), copy_context()  # the run belongs to whoever asks
    key = (scoped(str(root)), name.strip())

    def work(report: Report) -> Path:
        from playground.pretrained.opening import open_as_run  # imports PyTorch

        return asker.run(open_as_run, name, root, report)

    found = TASKS.ask(key, work)
    if isinstance(found, Path):
        TASKS.forget(key)  # what is in a folder, and which runs there are, may change
    return found


def progress_words(task: Task) -> str:
    """Say what is being done, and how much of it is."""
    return f"{task.phase[:1].upper()}{task.phase[1:]} … {f'{task.share:.0%}' if task.share else ''}".strip()


def open_model(name: Any) -> Iterator[tuple[Any, Any, str]]:
    """Yield updates of the lists of runs and checkpoints, and a note, until a model is open or can't be."""
    try:
        while not isinstance(found := ask_opened(str(name or "")), Path):
            yield gr.skip(), gr.skip(), messages.note(progress_words(found))
            time.sleep(POLL_SECONDS)
    except (ValueError, runs.RunError, OSError) as error:
        yield gr.skip(), gr.skip(), messages.error(str(error))
        return
    root = runs.runs_root()
    yield (
        gr.update(choices=run_choices(root), value=found.name),
        gr.update(choices=step_choices(root, found.name), value=NEWEST),
        messages.note(f"{name} is open as the run {found.name}."),
    )
