"""Open a Hugging Face model from the Runs tab: how large it is, then its download, then its run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from playground import runs
from playground.files import explain_os_error
from playground.pace import Pace
from playground.ui import messages
from playground.ui.progress_view import render_progress

LOOK_SECONDS = 0.3
"""How often the page is told how far it is."""

HINT = (
    "GPT-2, Llama, Mistral and Qwen open in the playground's own transformer, other causal language models "
    "through transformers. Only safetensors are read, and a model's own code is never run."
)


def build_open_model() -> None:
    """Lay out the field, its two buttons and the place for what they say."""
    with gr.Accordion("Open a Hugging Face model", open=False, elem_id="open-model"):
        with gr.Row(elem_classes="pg-tight", equal_height=True):
            name = gr.Textbox(
                label="Name on the Hub, or folder", placeholder="Qwen/Qwen3-0.6B", max_lines=1, scale=4,
                elem_id="open-model-name",
            )  # fmt: skip
            look = gr.Button("How large?", scale=1, min_width=110, elem_id="open-model-look")
            start = gr.Button("Open", variant="primary", scale=1, min_width=110, elem_id="open-model-start")
        said = gr.HTML(messages.note(HINT), padding=False, elem_id="open-model-said")
    shown: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    look.click(say_size, name, said, **shown)
    gr.on([start.click, name.submit], open_model, name, said, **shown)


def say_size(name: str) -> Iterator[str]:
    """Say what is known of a model before it is fetched."""
    yield from _said_by(Task(name, _size))


def open_model(name: str) -> Iterator[str]:
    """Fetch a model and make a run of it, telling how far that is."""
    yield from _said_by(Task(name, _open))


class Task:
    """Something done with a model in a thread of its own, which goes on when nobody watches any more."""

    def __init__(self, name: str, work: Any) -> None:
        self.name, self.work, self.said = name.strip(), work, ""
        self.phase, self.pace, self.clock = "looking the model up", None, Pace()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def report(self, phase: str, done: int, total: int) -> None:
        """Note how far it is."""
        self.phase, self.pace = phase, self.clock.at(phase, done, total)

    def _run(self) -> None:
        try:
            self.said = messages.note(self.work(self))
        except (ValueError, runs.RunError) as error:
            self.said = messages.error(str(error))
        except OSError as error:
            self.said = messages.error(explain_os_error(error, runs.runs_root()))
        except MemoryError:
            self.said = messages.error(f"Memory ran out while {self.name} was read: choose a smaller model.")


def _said_by(task: Task) -> Iterator[str]:
    if not task.name:
        yield messages.error("Type the name of a model, as Qwen/Qwen3-0.6B, or a folder with one.")
        return
    task.thread.start()
    while task.thread.is_alive():
        yield render_progress(task.phase, task.pace)
        task.thread.join(LOOK_SECONDS)
    yield task.said or messages.error(f"{task.name} could not be opened: the log of the app says why.")


def _size(task: Task) -> str:
    from playground.pretrained import facts_of

    return facts_of(task.name).sentence


def _open(task: Task) -> str:
    from playground.pretrained import open_as_run

    run = open_as_run(runs.runs_root(), task.name, report=task.report)
    return f"Opened as {run.name}: choose it as the run in the Sample or the Inspect tab."
