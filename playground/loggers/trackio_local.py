"""trackio: into its database on this machine; `trackio show --project transformer-playground` draws it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas
import trackio

from playground.config import RunConfig
from playground.loggers.base import COLUMNS, PROJECT, Logger, numbers, rows


class Trackio(Logger):
    """Writes to a run of trackio."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def log(self, record: dict[str, Any]) -> None:
        """Take a record."""
        self.run.log(numbers(record), step=record["step"])

    def log_samples(self, samples: list[dict[str, Any]]) -> None:
        """Take completions, as a table of their step."""
        frame = pandas.DataFrame(rows(samples), columns=list(COLUMNS))
        self.run.log({"completions": trackio.Table(dataframe=frame)}, step=samples[0]["step"])

    def close(self) -> None:
        """End the run."""
        self.run.finish()


def open_logger(config: RunConfig, run: Path, step: int) -> Logger:
    """Begin a run, or go on with the one of the same name."""
    settings = dataclasses.asdict(config)
    return Trackio(
        trackio.init(
            project=PROJECT, name=run.name, config=settings, resume="allow", embed=False, auto_log_gpu=False
        )
    )
