"""The model card of an exported run: what it is, how to use it, its settings, its curve, its baselines."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from playground.accounting import count_parameters
from playground.export.curve import curve_of
from playground.files import is_number
from playground.loading import LoadedRun
from playground.sources import source_name

ROWS = 12
"""Of the table of the loss."""

FRONT = "---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags: [transformer-playground]\n---"
USE = """```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("THIS FOLDER")
model = AutoModelForCausalLM.from_pretrained("THIS FOLDER")
inputs = tokenizer({prompt}, return_tensors="pt", return_token_type_ids=False)
print(tokenizer.decode(model.generate(**inputs, max_new_tokens=100, do_sample=True)[0]))
```"""


def model_card(
    loaded: LoadedRun,
    kind: str,
    metrics: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, Any],
    evaluations: Sequence[Mapping[str, Any]],
    *,
    has_picture: bool,
) -> str:
    """Return the card as Markdown; `kind` is the class of transformers that opens the weights."""
    model, data = loaded.config.model, loaded.config.data
    n_parameters = count_parameters(model)["total"]
    prompt = loaded.config.sample.prompts[0] if loaded.config.sample.prompts else "The "
    parts = [
        FRONT,
        f"# {plain(loaded.run)}, step {loaded.step:,}",
        f"A language model of {n_parameters:,} parameters, trained on {plain(source_name(data))} "
        f"with the Transformer Playground. It opens as {kind}, with a context of {model.n_ctx:,} tokens.",
        USE.format(prompt=json.dumps(prompt)),
        "The tokenizer adds no special tokens, and one that is typed is ordinary text, as in training.",
        *_loss(metrics, baselines, has_picture),
        *_evaluations(evaluations),
        "## Settings",
        *(_settings(name, getattr(loaded.config, name)) for name in ("model", "data", "optim", "train")),
        "The whole configuration is in `playground.json`.",
    ]
    return "\n\n".join(parts) + "\n"


def _loss(metrics: Sequence[Mapping[str, Any]], baselines: Mapping[str, Any], has_picture: bool) -> list[str]:
    parts = ["## Loss"]
    if has_picture:
        parts.append("![Loss over the steps, and what counting alone can do](curve.svg)")
    train, val = dict(curve_of(metrics, "train_loss")), curve_of(metrics, "val_loss")
    if val:
        every = max(1, math.ceil(len(val) / ROWS))
        chosen = val[::every] + (val[-1:] if (len(val) - 1) % every else [])
        rows = [[f"{step:,.0f}", _number(train.get(step)), _number(loss)] for step, loss in chosen]
        parts.append(table(["step", "training loss", "validation loss"], rows))
    held = {"uniform": baselines.get("uniform"), **(baselines.get("held_out") or {})}
    rows = [[name, _number(loss)] for name, loss in held.items() if is_number(loss)]
    if is_number(baselines.get("floor")):
        rows.append(["entropy of the source", _number(baselines["floor"])])
    if rows:
        parts.append("What counting alone scores on the validation text, in nats per token:")
        parts.append(table(["baseline", "loss"], rows))
    return parts if len(parts) > 1 else []


def _evaluations(evaluations: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = []
    for line in evaluations:
        if line.get("kind") == "answers":
            figure = (
                f"{line.get('right')} of {line.get('questions')} right, {line.get('shots', 0)} examples each"
            )
        elif line.get("kind") == "text":
            figure = f"{_number(line.get('bits_per_byte'))} bits per byte"
        else:
            known = [f"{name} {_number(value)}" for name, value in line.items() if " " in name]
            figure = ", ".join(known)
        rows.append([str(line.get("data", "")), str(line.get("step", "")), figure])
    return ["## Evaluations", table(["data", "step", "result"], rows)] if rows else []


def _settings(name: str, config: Any) -> str:
    rows = [[field, f"`{value}`"] for field, value in dataclasses.asdict(config).items() if value != ""]
    return f"### {name}\n\n" + table(["setting", "value"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; what would end a cell or begin markup is made plain."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def plain(text: str) -> str:
    """Return a name so that nothing in it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+!|<>" else c for c in text)


def _number(value: Any) -> str:
    return f"{value:.4f}" if is_number(value) else "–"
