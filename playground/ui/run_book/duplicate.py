"""A run's settings back in the forms of the Data and Train tabs, to change and launch."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from playground import presets
from playground.config import ConfigError, DataConfig, RunConfig
from playground.corpora import CORPORA, parse_spec
from playground.ui.data_form import HUB, OTHER_SPLIT, OWN_TEXT, PASTED_FILE, SPLIT_CHOICES, default_data
from playground.ui.settings.component import settings_value
from playground.ui.settings.values import FOLLOW_LR, values_of

MOST_PASTED = 2 * 2**20
"""Bytes of own text that are put back into the box; more is a file."""


def preset_and_settings(config: RunConfig) -> tuple[str, str]:
    """Return the preset that a config began as, and the value of the settings' element."""
    name = config.preset if config.preset in presets.PRESETS else presets.DEFAULT_PRESET
    old, new = values_of(presets.preset(name).config), values_of(config)
    changes = {key: value for key, value in new.items() if value != old[key]}
    if "optim.lr" in changes:
        changes |= {key: new[key] for key in FOLLOW_LR}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in changes.items()}
    return name, settings_value(name, plain)


def data_values(config: DataConfig, run: Path) -> dict[str, Any]:
    """Return what stands in the Data tab's form for a run's text, by the names of DataForm.

    Raises ConfigError for a text that the form can't hold.
    """
    values = {**vars(default_data()), **_source(config, run), **_tokenizer(config.tokenizer)}
    val, test = round(100 * config.val_fraction, 6), round(100 * config.test_fraction, 6)
    split = f"{val:g}/{test:g}"
    known = split in [value for _, value in SPLIT_CHOICES]
    shares = {"split": split if known else OTHER_SPLIT, "val_percent": val, "test_percent": test}
    return values | shares | {"text_seed": config.text_seed, "batches": config.batches}


def _source(config: DataConfig, run: Path) -> dict[str, Any]:
    fields = {"column": config.text_column or None, "template": config.template}
    if config.corpus == OWN_TEXT:
        return {"corpus": OWN_TEXT, **fields, **_own(run / config.text_file)}
    if config.corpus == HUB:
        hub = {"hub": config.hub, "hub_config": config.hub_config, "hub_split": config.hub_split}
        limits = {"max_documents": config.max_documents, "max_megabytes": config.max_bytes / 1e6}
        return {"corpus": HUB, **fields, **hub, **limits}
    name, parameter = parse_spec(config.corpus)
    return {"corpus": name, "parameter": parameter}


def _own(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"The run's text {path.name} is no single file, so the form can't hold it.")
    if path.name == PASTED_FILE and path.stat().st_size <= MOST_PASTED:
        return {"own_text": path.read_text(encoding="utf-8"), "own_file": None}
    copy = Path(tempfile.mkdtemp(prefix="playground-text-")) / path.name
    return {"own_text": "", "own_file": str(shutil.copyfile(path, copy))}


def _tokenizer(spec: str) -> dict[str, Any]:
    kind, _, rest = spec.partition(":")
    if kind == "bpe":
        return {"tokenizer": kind, "bpe_size": int(rest)}
    own = {"alphabet": "alphabet", "hf": "hf_name"}.get(kind)
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
    for name, kind in (("bpe_size", "bpe"), ("alphabet", "alphabet"), ("hf_name", "hf")):
        updates[name] = gr.update(value=values[name], visible=values["tokenizer"] == kind)
    return updates


def groups_seen(values: dict[str, Any]) -> list[Any]:
    """Return updates of the groups for own text, for the Hub and for what has columns, and of the shares."""
    own, hub = values["corpus"] == OWN_TEXT, values["corpus"] == HUB
    has_fields = hub or (own and bool(values["own_file"]))
    return [gr.update(visible=seen) for seen in (own, hub, has_fields, values["split"] == OTHER_SPLIT)]
