"""What a new run starts from: random weights, a checkpoint of a run, or a model of Hugging Face."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path

from playground import runs
from playground.config import ConfigError, ModelConfig, RunConfig
from playground.run_start import RUN, find_start, is_run, shape_of_start
from playground.ui import messages

SCRATCH = ("Random weights", "")
SUGGESTED = (
    ("GPT-2, 124M (Hugging Face)", "openai-community/gpt2"),
    ("Qwen3, 0.6B (Hugging Face)", "Qwen/Qwen3-0.6B"),
)


def start_choices() -> list[tuple[str, str]]:
    """Return what can be started from: runs that have a checkpoint, and some models to begin with."""
    known = [run.name for run in runs.list_runs(runs.runs_root()) if runs.checkpoints(run)]
    return [SCRATCH, *((f"Run {name}", f"{RUN}{name}") for name in known), *SUGGESTED]


def tokenizer_of_start(start_from: str) -> tuple[str, str]:
    """Return the kind and the name of the tokenizer that belongs to a start, as the Data tab has them."""
    kind = "run" if is_run(start_from) else "hf"
    return kind, start_from.removeprefix(RUN).partition("@")[0] if kind == "run" else start_from


def said_of_start(start_from: str) -> str:
    """Return what starting from something means, as a note; or what is wrong with it."""
    if not start_from:
        return ""
    kept = "Its shape and tokenizer are taken: of the Model settings below, only a shorter context counts."
    if not is_run(start_from):
        return messages.note(f"Fetched from the Hub when the run begins, unless it is here. {kept}")
    try:
        folder, step = find_start(start_from)
    except ConfigError as error:
        return messages.error(str(error))
    return messages.note(f"Starts with the weights of {folder.name} at step {step:,}. {kept}")


def with_start_shape(config: RunConfig) -> RunConfig:
    """Return a config with the shape of what it starts from, where that is here; else as the form says.

    Raises ConfigError, or the error of the model's folder.
    """
    start = config.start_from
    if is_run(start):
        return dataclasses.replace(config, model=shape_of_start(start, config.model.n_ctx))
    folder = Path(start).expanduser()
    if not start or not (folder / "config.json").is_file():
        return config
    changed = (folder / "config.json").stat().st_mtime_ns
    return dataclasses.replace(config, model=_shape_in(folder, config.model.n_ctx, changed))


@lru_cache(maxsize=16)
def _shape_in(folder: Path, n_ctx: int, changed_ns: int) -> ModelConfig:
    from playground.pretrained.loading import config_in  # PyTorch, which the page starts without

    return config_in(folder, str(folder), n_ctx)
