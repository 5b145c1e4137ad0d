"""The parts of the chooser for text from elsewhere: a dataset of the Hub, pasted text, an uploaded file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import gradio as gr

from playground.config import ConfigError, DataConfig
from playground.corpora.hub import look_at
from playground.corpora.hub_catalogue import HUB_PRESETS, HubPreset
from playground.corpora.readers import PLAIN, RECORDS, columns_of, is_table
from playground.ui import messages
from playground.ui.data_form import HUB, OWN_TEXT

ABOUT = {
    OWN_TEXT: (
        "Any text: a book, a diary, a program. It is stored in the run's folder and goes nowhere else. "
        "To get under the bigram line a model must learn what is special about it."
    ),
    HUB: (
        "A dataset of the Hugging Face Hub, fetched once up to a limit and kept. To get under the bigram "
        "line a model must learn what its documents have in common."
    ),
}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
FILE_TYPES = [*PLAIN, *RECORDS]


def build_hub_group() -> tuple[gr.Group, list[Any], list[Any]]:
    """Lay out the choice of a dataset; return it, its parts of the form, and preset, button and message."""
    presets = [(preset.title, preset.hub) for preset in HUB_PRESETS.values()]
    with gr.Group(visible=False) as group:
        preset = gr.Dropdown(presets, value=None, label="Good to begin with", elem_id="hub-preset")
        hub = gr.Textbox(label="Dataset", placeholder="roneneldan/TinyStories", elem_id="hub-id")
        with gr.Row():
            config = gr.Dropdown(
                [], value="", label="Config", allow_custom_value=True, min_width=100, elem_id="hub-config"
            )
            split = gr.Dropdown(
                ["train"], value="train", label="Split", allow_custom_value=True, min_width=100,
                elem_id="hub-split",
            )  # fmt: skip
        with gr.Row():
            documents = gr.Number(
                0, label="Documents (0: all)", precision=0, minimum=0, min_width=100, elem_id="hub-documents"
            )
            megabytes = gr.Number(20, label="MB (0: all)", minimum=0, min_width=100, elem_id="hub-megabytes")
        button = gr.Button("What does it offer?", size="sm", elem_id="hub-look")
        message = gr.HTML(padding=False, elem_id="hub-message")
    return group, [hub, config, split, documents, megabytes], [preset, button, message]


def build_own_group() -> tuple[gr.Group, list[Any]]:
    """Lay out the box and the upload; return the group and its parts of the form."""
    with gr.Group(visible=False) as group:
        own_text = gr.Textbox(label="Paste your text", lines=4, max_lines=10, elem_id="own-text")
        own_file = gr.File(
            label=f"… or upload {' '.join(PLAIN)} {' '.join(RECORDS)}", file_types=FILE_TYPES, height=125,
            elem_id="own-file",
        )  # fmt: skip
    return group, [own_text, own_file]


def build_fields_group() -> tuple[gr.Group, list[Any]]:
    """Lay out how records become documents; return the group and its parts of the form."""
    with gr.Group(visible=False) as group:
        column = gr.Dropdown(
            [], value=None, label="Column that is the text", allow_custom_value=True, elem_id="data-column"
        )
        template = gr.Textbox(
            label="… or a template of several", lines=2, placeholder="Question: {question}\nAnswer: {answer}",
            elem_id="data-template",
        )  # fmt: skip
    return group, [column, template]


def preset_values(name: str | None) -> list[Any]:
    """Return dataset, config, split, limits, column and template of a preset, and a message about it."""
    preset = HUB_PRESETS.get(name or "")
    return [gr.skip()] * 8 if preset is None else _values(preset)


def _values(preset: HubPreset) -> list[Any]:
    return [
        preset.hub,
        preset.hub_config,
        preset.hub_split,
        preset.max_documents,
        preset.max_bytes / 1e6,
        gr.update(value=preset.text_column, choices=[preset.text_column] if preset.text_column else []),
        preset.template,
        messages.note(preset.summary),
    ]


def offered(hub: str, config: str | None, split: str | None) -> list[Any]:
    """Ask the Hub what a dataset offers; return the choices of config, split and column, and a message."""
    try:
        if not (hub or "").strip():
            raise ConfigError("Name a dataset first.")
        wanted = DataConfig(corpus=HUB, hub=hub.strip(), hub_config=config or "", hub_split=split or "train")
        look = look_at(wanted, 1)
    except ValueError as error:  # settings or a dataset that can't work, each in one sentence
        return [gr.skip()] * 3 + [messages.error(str(error))]
    said = f"Configs: {', '.join(look.configs)}. Splits: {', '.join(look.splits)}. "
    said += f"Columns: {', '.join(look.columns)}."
    return [
        gr.update(choices=look.configs, value=look.config or config or ""),
        gr.update(choices=look.splits),
        gr.update(choices=look.columns),
        messages.note(said),
    ]


def uploaded(path: str | None) -> list[Any]:
    """Show the columns of an uploaded table; plain text, and a table that can't be read, has none."""
    columns: list[str] = []
    if path and is_table(Path(path)):
        with contextlib.suppress(ValueError):  # which is said where the text is read
            columns = columns_of(Path(path))
    shown = gr.update(visible=bool(columns))
    return [shown, gr.update(choices=columns, value=None), ""]
