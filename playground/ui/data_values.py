"""Settings of a text, of a run or a preset, back in the form of the Data tab."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from playground.config import ConfigError, DataConfig
from playground.corpora import CORPORA, parse_spec
from playground.ui.data_form import (
    HUB,
    MEMORISE,
    OTHER_SPLIT,
    OWN_TEXT,
    PASTED_FILE,
    SPLIT_CHOICES,
    default_data,
)

MOST_PASTED = 2 * 2**20
"""Bytes of own text that are put back into the box; more is a file."""


def data_values(config: DataConfig, run: Path) -> dict[str, Any]:
    """Return what stands in the Data tab's form for a text, by the names of DataForm; own text is the run's.

    Raises ConfigError for a text that the form can't hold.
    """
    values = {**vars(default_data()), **_source(config, run), **tokenizer_values(config.tokenizer)}
    val, test = round(100 * config.val_fraction, 6), round(100 * config.test_fraction, 6)
    split = f"{val:g}/{test:g}"
    known = split in [value for _, value in SPLIT_CHOICES]
    shares = {"split": split if known else OTHER_SPLIT, "val_percent": val, "test_percent": test}
    same = ("text_seed", "batches", "loss_on", "answer_after", "too_long")
    return values | shares | {name: getattr(config, name) for name in same}


def _source(config: DataConfig, run: Path) -> dict[str, Any]:
    fields = {"column": config.text_column or None, "template": config.template}
    if config.corpus == OWN_TEXT:
        return {"corpus": OWN_TEXT, **fields, **_own(run / config.text_file)}
    if config.corpus == HUB:
        hub = {"hub": config.hub, "hub_config": config.hub_config, "hub_split": config.hub_split}
        limits = {"max_documents": config.max_documents, "max_megabytes": config.max_bytes / 1e6}
        return {"corpus": HUB, **fields, **hub, **limits}
    name, parameter = parse_spec(config.corpus)
    return {"corpus": name, "parameter": parameter, "string": config.string}


def _own(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"The run's text {path.name} is no single file, so the form can't hold it.")
    if path.name == PASTED_FILE and path.stat().st_size <= MOST_PASTED:
        return {"own_text": path.read_text(encoding="utf-8"), "own_file": None}
    copy = Path(tempfile.mkdtemp(prefix="playground-text-")) / path.name
    return {"own_text": "", "own_file": str(shutil.copyfile(path, copy))}


def tokenizer_values(spec: str) -> dict[str, Any]:
    """Return what stands in the form for a tokenizer, by the names of DataForm."""
    kind, _, rest = spec.partition(":")
    if kind == "bpe":
        return {"tokenizer": kind, "bpe_size": int(rest)}
    own = {"alphabet": "alphabet", "hf": "hf_name", "run": "hf_name"}.get(kind)
    return {"tokenizer": kind, **({own: rest} if own else {})}


def shown_updates(values: dict[str, Any]) -> dict[str, Any]:
    """Return updates of the form's components by name: what stands in them, and which are seen."""
    updates: dict[str, Any] = {name: gr.update(value=value) for name, value in values.items()}
    info = CORPORA.get(values["corpus"])
    parameter = info.parameter if info else None
    updates["parameter"] = gr.update(visible=False)
    if parameter:
        updates["parameter"] = gr.update(
            label=parameter.label, minimum=parameter.minimum, maximum=parameter.maximum,
            value=values["parameter"], visible=True,
        )  # fmt: skip
    updates["string"] = gr.update(value=values["string"], visible=values["corpus"] == MEMORISE)
    updates["answer_after"] = gr.update(value=values["answer_after"], visible=values["loss_on"] == "answer")
    kinds = which_tokenizer(values["tokenizer"])
    for name, update in zip(("bpe_size", "alphabet", "hf_name"), kinds, strict=True):
        updates[name] = {**update, "value": values[name]}
    return updates


def which_tokenizer(kind: str) -> tuple[Any, Any, Any]:
    """Return updates that show the one component that belongs to a kind of tokenizer."""
    name = "Name of a run" if kind == "run" else "Name on the Hub, or a folder"
    named = gr.update(visible=kind in ("hf", "run"), label=name)
    return gr.update(visible=kind == "bpe"), gr.update(visible=kind == "alphabet"), named


def groups_seen(values: dict[str, Any]) -> list[Any]:
    """Return updates of the groups for own text, for the Hub and for what has columns, and of the shares."""
    own, hub = values["corpus"] == OWN_TEXT, values["corpus"] == HUB
    has_fields = hub or (own and bool(values["own_file"]))
    return [gr.update(visible=seen) for seen in (own, hub, has_fields, values["split"] == OTHER_SPLIT)]
