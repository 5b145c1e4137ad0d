"""Runs that start from a checkpoint of another run: its shape and its tokenizer, for another text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from playground import runs
from playground.config import ConfigError, ModelConfig, RunConfig

RUN = "run:"
"""Before the name of a run, in the place of a pretrained model's name; after it may stand @STEP."""


def is_run(start_from: str) -> bool:
    """Tell whether a run is meant, and not a model of Hugging Face."""
    return start_from.startswith(RUN)


def find_start(start_from: str, step: str = "") -> tuple[Path, int]:
    """Return the folder of the run that is meant and the step of its checkpoint, the newest if none is named.

    Raises ConfigError if there is none.
    """
    name, _, named = start_from.removeprefix(RUN).partition("@")
    try:
        folder = runs.find(runs.runs_root(), name)
    except runs.RunError as error:
        raise ConfigError(f"start_from is {start_from!r}, but: {error}") from error
    steps, wanted = runs.checkpoints(folder), step or named
    if not steps or (wanted and wanted not in map(str, steps)):
        there = ", ".join(map(str, steps)) or "none yet"
        raise ConfigError(
            f"start_from is {start_from!r}, but {name} has no such checkpoint: there is {there}."
        )
    return folder, int(wanted or steps[-1])


def shape_of_start(start_from: str, n_ctx: int = 0) -> ModelConfig:
    """Return the shape of the run that is meant, with a shorter context where that is asked for.

    A model with learned positions keeps its own: each is a weight. Raises ConfigError.
    """
    folder, _ = find_start(start_from)
    model = RunConfig.from_json((folder / "config.json").read_text(encoding="utf-8")).model
    if model.positions == "learned" or not 0 < n_ctx < model.n_ctx:
        return model
    return dataclasses.replace(model, n_ctx=n_ctx)


def settle_run_start(config: RunConfig) -> RunConfig:
    """Return a config with the shape, the tokenizer and the step of the run that it starts from."""
    folder, step = find_start(config.start_from, config.start_revision)
    return dataclasses.replace(
        config,
        model=shape_of_start(config.start_from, config.model.n_ctx),
        data=dataclasses.replace(config.data, tokenizer=f"{RUN}{folder.name}"),
        start_revision=str(step),
    )
