"""A learning-rate range test: a few hundred steps at rising rates show from where on learning pays.

After Smith 2017, "Cyclical learning rates for training neural networks", with the rate rising exponentially.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playground.job import Job
from playground.training import train_step

SMOOTHING = 0.9
"""Of the losses, debiased: each step weighs this much less than the next."""

RISEN = 1.05
"""Over this multiple of the first losses, what was learned is lost again: the test ends."""
FIRST = 5
"""Steps whose loss stands for that of the untrained model."""

MARGIN = 10.0
"""The rate that is suggested is so much smaller than the one at which the smoothed loss was lowest: there,
learning is about to come undone, and a whole run needs more room than a few steps."""


@dataclass(frozen=True)
class Trial:
    """One step of the test."""

    step: int
    lr: float
    loss: float
    """Of the batch that it learned from, in nats per token."""
    smoothed: float


@dataclass(frozen=True)
class Finding:
    """What a test says."""

    suggestion: float | None
    """None where no rate helped."""
    lowest_at: float | None
    """Rate at which the smoothed loss was lowest."""
    diverged_at: float | None
    """Rate at which what was learned was lost, if it was."""
    why: str


def rate_of(step: int, lowest: float, highest: float, steps: int) -> float:
    """Return the rate of a step from 0: from lowest to highest, growing by the same factor every step."""
    return lowest * (highest / lowest) ** (step / max(1, steps - 1))


def lr_range(job: Job, lowest: float, highest: float, steps: int) -> Iterator[Trial]:
    """Yield the steps of a test, which moves the job's weights; it ends early where learning comes undone.

    SGD divides its rate by the root of the step by itself: here that is made up for, so that the rates are
    those with which the weights are moved.
    """
    config, rows = job.config, job.data.rows("train", job.config.model.n_ctx)
    mean, first = 0.0, 0.0
    for step in range(steps):
        lr = rate_of(step, lowest, highest, steps)
        given = lr * math.sqrt(step + 1) if config.optim.optimizer == "sgd" else lr
        loss = train_step(job.model, job.optimizer, rows, config, job.device, job.generator, given)[0].item()
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smoothed = mean / (1 - SMOOTHING ** (step + 1))
        first = smoothed if step < FIRST else first
        yield Trial(step, lr, loss, smoothed)
        if not math.isfinite(loss) or (step >= FIRST and smoothed > RISEN * first):
            return


def judge(trials: Sequence[Trial], steps: int) -> Finding:
    """Return what a test of so many steps says, by the rule that MARGIN states."""
    finite = [trial for trial in trials if math.isfinite(trial.smoothed)]
    ended_early = bool(trials) and len(trials) < steps
    diverged_at = trials[-1].lr if ended_early else None
    best = min(finite, key=lambda trial: trial.smoothed, default=None)
    if best is None or len(finite) <= FIRST or best.step < FIRST:
        why = "The loss never fell: begin at lower rates, or look at the model and its text."
        return Finding(None, None, diverged_at, why)
    suggestion = float(f"{best.lr / MARGIN:.1e}")
    end = f"at {diverged_at:.2g} what was learned was lost" if diverged_at else "it never came undone"
    why = (
        f"The smoothed loss was lowest, {best.smoothed:.2f}, at a rate of {best.lr:.2g}, and {end}. "
        f"A tenth of that rate leaves room for a whole run: {suggestion:.2g}."
    )
    return Finding(suggestion, best.lr, diverged_at, why)


def as_dict(of: Trial | Finding) -> dict[str, float | str | None]:
    """Return the fields as plain values."""
    return dataclasses.asdict(of)
