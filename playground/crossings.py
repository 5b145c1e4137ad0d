"""At which step a run passes each baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SMOOTHING_STEPS = 10
"""The training loss is averaged over about this many logged steps before it is compared."""

LINES = ("uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram", "floor")

HELD_OUT_ONLY = ("4-gram", "5-gram", "floor")
"""In sample, long runs are nearly all different: the entropy says how long the text is, and little else."""


@dataclass
class CrossingWatch:
    """Watches the records of a run go by and notes the first one under each line.

    The training loss, averaged, is compared with the in-sample lines; the validation loss, as it is,
    with the held-out ones. A line above the run's very first loss isn't crossed but was never met.
    """

    baselines: dict[str, Any]
    found: list[dict[str, Any]] = field(default_factory=list)
    average: float = 0.0
    weight: float = 0.0
    above: set[str] = field(default_factory=set)

    def watch(self, record: dict[str, Any]) -> None:
        """Take in one metric record."""
        if record.get("train_loss") is not None:
            keep = 1 - 1 / SMOOTHING_STEPS
            self.average = keep * self.average + (1 - keep) * record["train_loss"]
            self.weight = keep * self.weight + (1 - keep)
            self._compare("in_sample", self.average / self.weight, record)
        if record.get("val_loss") is not None:
            self._compare("held_out", record["val_loss"], record)

    def _compare(self, kind: str, loss: float, record: dict[str, Any]) -> None:
        for line in LINES:
            level = self._level(kind, line)
            if level is None:
                continue
            key = f"{kind} {line}"
            if loss >= level:
                self.above.add(key)
            elif key in self.above and not any(f["kind"] == kind and f["line"] == line for f in self.found):
                place = {"step": record["step"], "elapsed_s": round(record["elapsed_s"], 2)}
                self.found.append({"line": line, "kind": kind, "loss": round(loss, 4), **place})

    def _level(self, kind: str, line: str) -> float | None:
        if line == "uniform":  # one number for both: compared with the training loss alone
            return self.baselines.get("uniform") if kind == "in_sample" else None
        if line in HELD_OUT_ONLY and kind != "held_out":
            return None
        if line == "floor":
            return self.baselines.get("floor")
        source = self.baselines.get("held_out", {}) if kind == "held_out" else self.baselines
        return source.get(line)
