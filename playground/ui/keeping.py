"""What is said where a restart wipes the runs, and how one is taken away in time."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from playground import runs
from playground.files import explain_os_error
from playground.ui import messages
from playground.ui.downloads import offer

FORGETS = "This Space forgets its runs when it restarts. Take away those you want to keep."

FETCH = "() => document.querySelector('#keep-link a')?.click()"


def build_keeping(run: gr.Dropdown) -> None:
    """Lay out the warning and the button that packs the run shown; nothing where runs are kept."""
    if not runs.forgets_runs():
        return
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    with gr.Row(elem_id="keep", elem_classes="pg-keep"):
        gr.HTML(messages.note(FORGETS), padding=False)
        button = gr.Button("Download this run", size="sm", scale=0, min_width=150, elem_id="keep-run")
    link = gr.HTML(padding=False, elem_id="keep-link")
    button.click(_pack, run, link, trigger_mode="once", **quiet).then(None, None, None, js=FETCH)


def _pack(name: str | None) -> str:
    """Return a link to the packed run, or why it can't be packed."""
    root = runs.runs_root()
    try:
        archive = offer(runs.find(root, name or ""))
    except (ValueError, runs.RunError) as error:
        return messages.error(str(error))
    except OSError as error:
        return messages.error(explain_os_error(error, root))
    address = html.escape(f"/gradio_api/file={archive}", quote=True)
    return (
        f'<p class="pg-note"><a href="{address}" download="{archive.name}">{archive.name}</a> is packed.</p>'
    )
