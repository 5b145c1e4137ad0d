"""TensorBoard: event files in the run folder; `tensorboard --logdir checkpoints` draws them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from playground.config import RunConfig
from playground.loggers.base import COLUMNS, Logger, numbers, rows


class TensorBoard(Logger):
    """Writes event files."""

    def __init__(self, writer: SummaryWriter) -> None:
        self.writer = writer

    def log(self, record: dict[str, Any]) -> None:
        """Take a record."""
        for name, value in numbers(record).items():
            self.writer.add_scalar(name, value, record["step"])

    def log_samples(self, samples: list[dict[str, Any]]) -> None:
        """Take completions, as a table in Markdown."""
        lines = [COLUMNS, ["---"] * len(COLUMNS), *rows(samples)]
        table = "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)
        self.writer.add_text("completions", table, samples[0]["step"])

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()


def _cell(value: Any) -> str:
    """Return a value as it may stand in a table: a line break or a bar would end the cell."""
    return str(value).replace("|", r"\|").replace("\n", " ⏎ ")


def open_logger(config: RunConfig, run: Path, step: int) -> Logger:
    """Begin a file of events; what an earlier one says of later steps is hidden."""
    return TensorBoard(SummaryWriter(str(run / "tensorboard"), purge_step=step + 1 if step else None))
