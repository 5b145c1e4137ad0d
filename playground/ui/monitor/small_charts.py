"""The small charts beneath the loss: one entry each, and nothing else to write for a new one.

An entry names keys of the metric records. A chart is shown as soon as a run has any of its keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["number", "percent", "bytes", "nats", "rate"]


@dataclass(frozen=True)
class Line:
    """One line of a small chart: its key in the records, and its name where a chart has several."""

    key: str
    label: str = ""
    each: Literal["step", "evaluation"] = "step"
    """Whether it is measured at every logged step, or only where the run was evaluated."""
    of_several: Literal["mean", "highest"] = "mean"
    """What stands for several steps where there are more than pixels."""


@dataclass(frozen=True)
class SmallChart:
    """A small chart of one or more lines in the same unit."""

    title: str
    unit: Unit
    lines: tuple[Line, ...]


SMALL_CHARTS = (
    SmallChart("Learning rate", "rate", (Line("lr"),)),
    SmallChart("Gradient norm", "number", (Line("grad_norm", of_several="highest"),)),
    SmallChart("Tokens per second", "number", (Line("tokens_per_s"),)),
    SmallChart("MFU: share of the machine's peak", "percent", (Line("mfu"),)),
    SmallChart("Validation accuracy", "percent", (Line("val_accuracy", each="evaluation"),)),
    SmallChart("Memory", "bytes", (Line("memory_bytes"),)),
    SmallChart(
        "Loss above best n-gram, floor",
        "nats",
        (
            Line("above_ngram", "n-gram", each="evaluation"),
            Line("above_floor", "floor", each="evaluation"),
        ),
    ),
)

LINES = tuple(line for chart in SMALL_CHARTS for line in chart.lines)
STEP_LINES = tuple(line for line in LINES if line.each == "step")
EVALUATION_LINES = tuple(line for line in LINES if line.each == "evaluation")
