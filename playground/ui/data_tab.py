"""The Data tab: choose a text, see what counting alone can do on it, its documents, and the exact batches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from playground.ui.baselines_view import UNITS
from playground.ui.data_chooser import Chooser, build_chooser
from playground.ui.data_form import default_data
from playground.ui.facts_view import NAMES

DATA_CSS = (Path(__file__).parent / "static" / "data.css").read_text(encoding="utf-8")
SPLITS = [(name, split) for split, name in NAMES.items()]


@dataclass
class Views:
    """The components that show a text."""

    unit: gr.Radio
    baselines: gr.HTML
    sizes: gr.HTML
    common: gr.HTML
    split: gr.Radio
    number: gr.Number
    before: gr.Button
    after: gr.Button
    document: gr.HTML
    lengths: gr.HTML
    first: gr.Button
    next: gr.Button
    batch: gr.HTML


@dataclass
class DataTab:
    """The components of the tab that are wired to others."""

    chooser: Chooser
    status: gr.HTML
    button: gr.Button
    views: Views


def build_data_tab() -> DataTab:
    """Lay out the tab; it is wired once the Train tab is there too."""
    with gr.Row(elem_classes="pg-data"):
        with gr.Column(scale=1, min_width=300):
            chooser = build_chooser(default_data())
        with gr.Column(scale=3, min_width=320):
            with gr.Row(elem_classes="pg-status-row"):
                status = gr.HTML(padding=False, elem_id="data-status")
                button = gr.Button(
                    "Cancel", size="sm", scale=0, min_width=96, visible=False, elem_id="data-cancel"
                )
            views = _build_views()
    return DataTab(chooser, status, button, views)


def _build_views() -> Views:
    with gr.Tabs(elem_id="data-views"):
        with gr.Tab("Counting"):
            parts = _build_counting()
        with gr.Tab("Documents"):
            parts += _build_documents()
        with gr.Tab("The batch"):
            parts += _build_batch()
    return Views(*parts)


def _build_counting() -> list[Any]:
    unit = gr.Radio(UNITS, value="nats", show_label=False, container=False, elem_id="data-unit")
    baselines = gr.HTML(padding=False, elem_id="data-baselines")
    sizes = gr.HTML(padding=False, elem_id="data-sizes")
    common = gr.HTML(padding=False, elem_id="data-common")
    return [unit, baselines, sizes, common]


def _build_documents() -> list[Any]:
    with gr.Row(elem_classes="pg-run-row"):
        split = gr.Radio(SPLITS, value="train", show_label=False, container=False, elem_id="document-split")
        before = gr.Button("‹ Previous", size="sm", scale=0, min_width=100, elem_id="document-before")
        number = gr.Number(
            1, show_label=False, container=False, precision=0, minimum=1, min_width=90, scale=0,
            elem_id="document-number",
        )  # fmt: skip
        after = gr.Button("Next ›", size="sm", scale=0, min_width=100, elem_id="document-after")
    document = gr.HTML(padding=False, elem_id="data-document")
    lengths = gr.HTML(padding=False, elem_id="data-lengths")
    return [split, number, before, after, document, lengths]


def _build_batch() -> list[Any]:
    with gr.Row(elem_classes="pg-run-row"):
        first = gr.Button("First batch", size="sm", scale=0, min_width=110, elem_id="batch-first")
        following = gr.Button("Next batch ›", size="sm", scale=0, min_width=110, elem_id="batch-next")
    batch = gr.HTML(padding=False, elem_id="data-batch")
    return [first, following, batch]
