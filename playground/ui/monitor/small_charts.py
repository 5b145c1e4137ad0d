"""The small charts beneath the loss: one entry each, and nothing else to write for a new one.

An entry names keys of the metric records, or `KEY.I` for one number of a list. A chart is shown as soon as a
run has any of its keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playground.position_buckets import MAX_BUCKETS

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
    place: Literal["small", "knows"] = "small"
    """Whether it stands with the small charts, or under what the model knows."""
    across: Literal["time", "positions"] = "time"
    """What runs from left to right; across the positions of a context, a line is one point of a profile."""
    compares: bool = True
    """Whether other runs are drawn beside the one shown."""


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
    SmallChart(
        "Distance of its predictions from …",
        "nats",
        tuple(
            Line(f"kl_{name}", name, each="evaluation")
            for name in ("uniform", "unigram", "bigram", "trigram")
        ),
        place="knows",
        compares=False,
    ),
    SmallChart(
        "Loss by position in the context",
        "nats",
        tuple(Line(f"position_loss.{at}", each="evaluation") for at in range(MAX_BUCKETS)),
        place="knows",
        across="positions",
        compares=False,
    ),
    SmallChart(
        "Gained on a repeated segment",
        "nats",
        (Line("induction", each="evaluation"),),
        place="knows",
    ),
)

LINES = tuple(line for chart in SMALL_CHARTS for line in chart.lines)
STEP_LINES = tuple(line for line in LINES if line.each == "step")
EVALUATION_LINES = tuple(line for line in LINES if line.each == "evaluation")
