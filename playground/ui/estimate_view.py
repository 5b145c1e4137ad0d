"""What a run will take, before it is launched: parameters, memory, time, operations, tokens."""

from __future__ import annotations

import dataclasses
import html
import json
from typing import Any

import gradio as gr

from playground.accounting import Estimate, Machine, estimate, gigabytes, known_probe
from playground.config import ConfigError, RunConfig
from playground.memory import free_bytes
from playground.ui import messages
from playground.ui.progress_view import duration, quantity

# Keeps open what was unfolded while the numbers below it change.
_SCRIPT = """
const box = element.querySelector(".pg-estimate");
function show() {
  const open = [...box.querySelectorAll("details")].map((fold) => fold.open);
  box.innerHTML = props.value || "";
  box.querySelectorAll("details").forEach((fold, i) => { fold.open = Boolean(open[i]); });
}
watch("value", show);
show();
"""


class EstimateView(gr.HTML):
    """A lasting element whose value is what estimate_html returns."""

    def __init__(self, **kwargs: Any) -> None:
        template = '<div class="pg-estimate" data-testid="estimate"></div>'
        super().__init__("", html_template=template, js_on_load=_SCRIPT, apply_default_css=False, **kwargs)

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {"type": "string", "description": "HTML of the estimate"}


def predict(config: RunConfig, machine: Machine | None) -> Estimate:
    """Return the estimate of a config with its vocabulary, on this machine and the memory that is free."""
    if machine is not None and config.train.device not in ("auto", machine.device):
        machine = None
    free = free_bytes()
    if machine is None:
        return estimate(config, memory_bytes=free or 0)
    if machine.device == "cpu" and free is not None:
        machine = dataclasses.replace(machine, memory_bytes=free)
    return estimate(config, machine, known_probe(config, machine))


def estimate_html(config: RunConfig, train_tokens: int, machine: Machine | None, measuring: bool) -> str:
    """Return the figures of a run; `train_tokens` 0 where the text is not counted yet."""
    found = predict(config, machine)
    tokens = found.tokens_per_step * config.train.steps
    epochs = f"{tokens / train_tokens:,.1f}" if train_tokens else "…"
    figures = (
        ("Parameters", f"{found.parameters['total']:,}"),
        *([("Trained", f"{found.trainable:,}")] if config.train.lora_rank else []),
        ("Time", _time(found, measuring)),
        ("Memory", gigabytes(found.memory["total"])),
        ("FLOPs in all", quantity_of_operations(found.flops["total"] * config.train.steps)),
        ("Tokens/param", f"{found.tokens_per_parameter:.3g}"),
        ("Epochs", epochs),
    )
    return messages.tiles(figures) + _refusal(found) + _parts(found)


def _time(found: Estimate, measuring: bool) -> str:
    if found.run_seconds is not None:
        return f"≈ {duration(found.run_seconds)}"
    return "measuring …" if measuring else "unknown"


def quantity_of_operations(count: float) -> str:
    """Return operations in the unit that suits them, as 12.3 T."""
    for factor, letter in ((1e18, "E"), (1e15, "P"), (1e12, "T")):
        if count >= factor:
            return f"{count / factor:.3g} {letter}" if count < 1e6 * factor else f"{count:.2e}"
    return quantity(count)


def _refusal(found: Estimate) -> str:
    """Return why it can't fit, with a button that makes the change that helps."""
    if found.fits:
        return ""
    offer = ""
    if found.changes:
        changes = html.escape(json.dumps(found.changes), quote=True)
        offer = f'<button type="button" data-settings-change="{changes}">Change it so</button>'
    return f'<div class="pg-error" role="alert">{html.escape(found.advice)}{offer}</div>'


def _parts(found: Estimate) -> str:
    memory = {name: count for name, count in found.memory.items() if name != "total"}
    flops = {name: count for name, count in found.flops.items() if name != "total"}
    parameters = {name: count for name, count in found.parameters.items() if name != "total"}
    rows = (
        _bars("Parameters", parameters, lambda count: f"{count:,}")
        + _bars("Memory, part by part", memory, gigabytes)
        + _bars("Floating-point operations a step", flops, quantity_of_operations)
    )
    free = gigabytes(found.memory_available)
    batch = (
        f"{free} are free: the largest batch is {found.largest_batch:,}. " if found.memory_available else ""
    )
    speed = ""
    if found.step_seconds is not None and found.mfu is not None:
        speed = (
            f"A step takes {1000 * found.step_seconds:,.3g} ms, at {found.mfu:.0%} of this machine's peak. "
        )
    chinchilla = "About 20 tokens per parameter use a given number of operations best."
    note = messages.note(f"{batch}{speed}{chinchilla}")
    return f'<details><summary>Part by part</summary><div class="pg-parts">{rows}</div>{note}</details>'


def _bars(title: str, parts: dict[str, int], said: Any) -> str:
    whole = sum(parts.values()) or 1
    rows = "".join(
        f"<span>{html.escape(name)}</span>"
        f'<i style="width:{100 * count / whole:.1f}%"></i><span>{html.escape(said(count))}</span>'
        for name, count in parts.items()
        if count
    )
    return f"<b>{title}</b>{rows}"


def with_vocabulary(config: RunConfig, d_vocab: int) -> RunConfig:
    """Return a config whose model has the vocabulary of its text."""
    return dataclasses.replace(config, model=dataclasses.replace(config.model, d_vocab=d_vocab))


def vocabulary_of(tokenizer: str) -> int:
    """Return the size of a vocabulary that is known before the text is cut, else 0."""
    kind, _, size = tokenizer.partition(":")
    return int(size) if kind == "bpe" and size.isdigit() else {"gpt2": 50_257}.get(kind, 0)


def check_memory(config: RunConfig, machine: Machine | None) -> None:
    """Raise ConfigError, with what would help, if a run can't fit into the memory that is free now."""
    found = predict(config, machine)
    if not found.fits:
        raise ConfigError(found.advice)
