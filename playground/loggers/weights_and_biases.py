"""Weights & Biases: written into the run folder, without a network; `wandb sync` sends it.

With WANDB_MODE=online it is sent at once.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import wandb

from playground.config import RunConfig
from playground.loggers.base import COLUMNS, PROJECT, Logger, numbers, rows


class WeightsAndBiases(Logger):
    """Writes to a run of Weights & Biases."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def log(self, record: dict[str, Any]) -> None:
        """Take a record."""
        self.run.log(numbers(record), step=record["step"])

    def log_samples(self, samples: list[dict[str, Any]]) -> None:
        """Take completions, as a table of their step."""
        table = wandb.Table(columns=list(COLUMNS), data=rows(samples))
        self.run.log({"completions": table}, step=samples[0]["step"])

    def close(self) -> None:
        """End the run."""
        self.run.finish()


def open_logger(config: RunConfig, run: Path, step: int) -> Logger:
    """Begin a run, or go on with the one of the same name; it knows by itself which steps are new."""
    return WeightsAndBiases(
        wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.name,
            id=run.name,
            resume="allow",
            dir=run,
            mode="online" if os.environ.get("WANDB_MODE") == "online" else "offline",
            config=dataclasses.asdict(config),
            settings=wandb.Settings(silent=True, console="off"),
        )
    )
