"""The page: its tabs, and how it is served."""

from __future__ import annotations

import os
import threading
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from playground import runs
from playground.limits import limits
from playground.ui.data_tab import DATA_CSS, build_data_tab
from playground.ui.data_wiring import wire_data
from playground.ui.evaluating import EVALUATING_CSS
from playground.ui.guard import Guard
from playground.ui.inspect_tab import INSPECT_CSS, build_inspect_tab
from playground.ui.limits_view import limits_html
from playground.ui.monitor.kept_curves import read_ahead
from playground.ui.runs_tab import build_runs_tab
from playground.ui.sample_tab import MOST_WRITING, SAMPLE_CSS, build_sample_tab
from playground.ui.settings.component import SETTINGS_CSS
from playground.ui.theme import CSS, HEADER_HTML, THEME
from playground.ui.token_view import TOKEN_CSS
from playground.ui.tokenize_tab import build_tokenize_tab
from playground.ui.train_tab import build_train_tab
from playground.ui.visitors import HEAD, tell_visitors_apart

QUEUE_SLEEP_SECONDS = 0.01
THREADS = MOST_WRITING + 64
"""For events: those of a hall of writers, and of everybody else beside them."""

PACKED: dict[str, Any] = {"minimum_size": 4096, "compresslevel": 4}
"""The page is 600 kB of text, 130 kB packed: what counts on a slow network, and in a hall of viewers."""

UPLOADS_KEPT = (3600, 24 * 3600)
"""Strangers' uploads are looked through every so many seconds, and those older than so many are deleted."""


def build_page() -> gr.Blocks:
    """Return the whole page."""
    tell_visitors_apart()
    bounds = limits()
    forgets = UPLOADS_KEPT if bounds.public else None
    with gr.Blocks(title="Transformer Playground", analytics_enabled=False, delete_cache=forgets) as demo:
        gr.HTML(HEADER_HTML, padding=False)
        if bounds.public:
            gr.HTML(limits_html(bounds), padding=False)
        with gr.Tabs(selected="train", elem_id="tabs") as tabs:
            with gr.Tab("Tokenize", id="tokenize"):
                lab = build_tokenize_tab()
            with gr.Tab("Data", id="data") as data_tab:
                data = build_data_tab()
            with gr.Tab("Train", id="train"):
                run, train = build_train_tab(demo, tabs, data)
            with gr.Tab("Runs", id="runs"):
                build_runs_tab(tabs, run, train, data)
            with gr.Tab("Sample", id="sample"):
                build_sample_tab(demo, run)
            with gr.Tab("Inspect", id="inspect"):
                build_inspect_tab()
        # Outside gr.Tabs: a component there that is no tab makes Gradio show the tabs after it twice.
        wire_data(demo, data_tab, data, train, lab)
    return demo


def serve(demo: gr.Blocks) -> None:
    """Serve the page until it is interrupted; what is slow to import comes after the page can be seen."""
    root, bounds = runs.runs_root(), limits()
    if runs.comes_with_demo():
        runs.bring_demo(root)
    runs.advance(root)  # who waited when the machine was switched off
    runs.empty_trash(root, older_than_days=runs.KEPT_DAYS)
    demo.queue(default_concurrency_limit=8)
    calm_queue(demo)
    demo.launch(
        theme=THEME,
        css="".join((CSS, TOKEN_CSS, DATA_CSS, SETTINGS_CSS, INSPECT_CSS, SAMPLE_CSS, EVALUATING_CSS)),
        ssr_mode=False,
        prevent_thread_lock=True,
        max_threads=THREADS,
        max_file_size=f"{bounds.upload_megabytes}mb",
        run_history=False,
        head=HEAD if bounds.public else None,
        app_kwargs={"middleware": [Middleware(Guard), Middleware(GZipMiddleware, **PACKED)]},
        blocked_paths=[str(root)],
        show_error=not bounds.public,  # what went wrong inside is nothing for strangers
        footer_links=["settings", "gradio"],
    )
    threading.Thread(target=make_ready, daemon=True).start()
    demo.block_thread()


def calm_queue(demo: gr.Blocks) -> None:
    """Let the idle queue look for work every 10 ms instead of every millisecond.

    That saves most of a tenth of a core beside a training run. It is a private setting of Gradio's,
    so it is left alone where it does not exist.
    """
    queue: Any = getattr(demo, "_queue", None)
    if isinstance(getattr(queue, "sleep_when_free", None), float):
        queue.sleep_when_free = max(queue.sleep_when_free, QUEUE_SLEEP_SECONDS)


def make_ready() -> None:
    """Have at hand what takes a while, so that the first who asks need not wait: PyTorch, long curves."""
    import_torch()
    read_ahead(runs.runs_root())


def import_torch() -> None:
    """Import PyTorch and compile, so that no prompt waits for it; one thread is enough to sample."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from playground import loading, sampling  # noqa: F401

    torch.set_num_threads(1)
    sampling.warm_up()
