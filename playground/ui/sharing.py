"""Share a run of one's own: a link by which others watch it, or for everybody here. Only on a public page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import gradio as gr

from playground import runs
from playground.files import explain_os_error
from playground.limits import limits
from playground.ui import messages

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
SAID = "Whoever has this link can watch the run and talk to its model; only you can change it."


def build_sharing(run: gr.Dropdown, message: gr.HTML) -> None:
    """Lay out the button and what it opens, and wire them to the run that is shown."""
    if not limits().public:
        return
    with gr.Row(elem_classes="pg-share", visible=False) as row:
        share = gr.Button("Share", size="sm", scale=0, min_width=80, elem_id="share")
        link = gr.Textbox(
            label="Link to watch this run", show_label=False, container=False, interactive=False,
            max_lines=1, buttons=["copy"], visible=False, min_width=220, elem_id="share-link",
        )  # fmt: skip
        stop = gr.Button("Stop sharing", size="sm", scale=0, min_width=110, visible=False, elem_id="unshare")
        public = gr.Checkbox(label="Everybody here sees it", container=False, scale=0, min_width=190,
                             elem_id="publish")  # fmt: skip
    shown = [row, link, stop, public]
    run.change(_look, run, shown, **QUIET)
    share.click(_share, run, [message, link, stop], **QUIET)
    stop.click(_unshare, run, [message, link, stop], **QUIET)
    public.input(_publish, [run, public], message, **QUIET)


def _look(name: str | None) -> tuple[Any, ...]:
    own = _own(name)
    published = own is not None and runs.is_published(own)
    return gr.update(visible=own is not None), gr.update(visible=False), gr.update(visible=False), published


def _own(name: str | None) -> Any:
    """Return the run of a name if it is the asker's own."""
    try:
        run = runs.find(runs.runs_root(), name or "")
    except runs.RunError:
        return None
    return run if runs.is_own(run) else None


def _share(request: gr.Request, name: str | None) -> tuple[Any, ...]:
    try:
        run = runs.find(runs.runs_root(), name or "")
        key = runs.share_key(run)
    except (runs.RunError, OSError) as error:
        return _refused(error), gr.skip(), gr.skip()
    origin = request.headers.get("origin") or f"http://{request.headers['host']}"
    link = f"{origin}/?{urlencode({'run': run.name, 'watch': key})}"
    return messages.note(SAID), gr.update(value=link, visible=True), gr.update(visible=True)


def _unshare(name: str | None) -> tuple[Any, ...]:
    try:
        runs.unshare(runs.find(runs.runs_root(), name or ""))
    except (runs.RunError, OSError) as error:
        return _refused(error), gr.skip(), gr.skip()
    return messages.note("The link opens it no more."), gr.update(visible=False), gr.update(visible=False)


def _publish(name: str | None, published: bool) -> str:
    try:
        runs.publish(runs.find(runs.runs_root(), name or ""), bool(published))
    except (runs.RunError, OSError) as error:
        return _refused(error)
    return messages.note("Everybody here sees it." if published else "It is yours alone again.")


def _refused(error: Exception) -> str:
    said = explain_os_error(error, runs.runs_root()) if isinstance(error, OSError) else str(error)
    return messages.error(said)
