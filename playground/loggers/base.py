"""What a logger is: it takes records and completions as they come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from playground.files import is_number

PROJECT = "transformer-playground"
COLUMNS = ("step", "prompt", "completion")


class Logger(ABC):
    """Passes on what a run records."""

    @abstractmethod
    def log(self, record: dict[str, Any]) -> None:
        """Take a record as it stands in metrics.jsonl."""

    @abstractmethod
    def log_samples(self, samples: list[dict[str, Any]]) -> None:
        """Take the completions of one step, as they stand in samples.jsonl."""

    @abstractmethod
    def close(self) -> None:
        """Write what is left; the run is over."""


def numbers(record: dict[str, Any]) -> dict[str, float]:
    """Return what can be drawn of a record: numbers, not lists of them."""
    return {name: value for name, value in record.items() if is_number(value) and name != "step"}


def rows(samples: list[dict[str, Any]]) -> list[Iterable[Any]]:
    """Return completions as the rows of a table of COLUMNS."""
    return [[sample[name] for name in COLUMNS] for sample in samples]
