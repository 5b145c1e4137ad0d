"""Where a run stands: everything a checkpoint must hold besides weights, optimizer and generators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from playground.config import RunConfig
from playground.schedules import changed_lr, lr_at

FAR_ABOVE, FAR_ABOVE_RECORDS = 2.0, 10
"""Over twice the loss of guessing (or of the first batch) in this many records in a row is diverging."""


class DivergedError(RuntimeError):
    """The run does not learn any more; the message says at which step and what to try."""


@dataclass
class Progress:
    """Where a run stands; plain numbers, so that it can be kept as JSON.

    Time spent paused is added to paused_s by the caller, and is not counted as elapsed.
    """

    step: int = 0
    tokens_seen: int = 0
    elapsed_s: float = 0.0
    paused_s: float = 0.0
    new_lr: float | None = None
    """A learning rate that was set while running, at step new_lr_step."""
    new_lr_step: int = 0
    best_val_loss: float | None = None
    """Lowest loss on the validation sample since training began, at best_step."""
    best_step: int = 0
    evaluations_since_best: int = 0
    first_loss: float | None = None
    records_far_above: int = 0

    def learning_rate(self, config: RunConfig) -> float:
        """Return the learning rate of the step under way."""
        if self.new_lr is None:
            return lr_at(self.step, config.optim, config.train.steps)
        return changed_lr(self.step, config.optim, config.train.steps, self.new_lr, self.new_lr_step)

    def set_learning_rate(self, lr: float) -> None:
        """Learn at this rate from the step under way on."""
        self.new_lr, self.new_lr_step = lr, self.step

    def note_evaluation(self, val_loss: float) -> None:
        """Count how many evaluations in a row were no better than the best; the untrained model's is none."""
        if self.step == 0:
            return
        if self.best_val_loss is None or val_loss < self.best_val_loss:
            self.best_val_loss, self.best_step, self.evaluations_since_best = val_loss, self.step, 0
        else:
            self.evaluations_since_best += 1

    def is_out_of_patience(self, config: RunConfig) -> bool:
        """Tell whether the run has gone on for long enough without a better evaluation."""
        return 0 < config.train.patience <= self.evaluations_since_best

    def is_diverging(self) -> bool:
        """Tell whether the last loss was far above guessing."""
        return self.records_far_above > 0

    def check(self, record: dict[str, Any], config: RunConfig) -> None:
        """Raise DivergedError if a number is not finite, or the loss has been far above guessing for long."""
        for name in ("train_loss", "grad_norm", "val_loss"):
            if not math.isfinite(record.get(name, 0.0)):
                raise DivergedError(diverged(f"the {name} became {record[name]}", self.step, record, config))
        loss = record.get("train_loss")
        if loss is None:
            return
        self.first_loss = loss if self.first_loss is None else self.first_loss
        limit = FAR_ABOVE * max(math.log(max(config.model.d_vocab, 2)), self.first_loss)
        self.records_far_above = self.records_far_above + 1 if loss > limit else 0
        if self.records_far_above >= FAR_ABOVE_RECORDS:
            what = f"The training loss is {loss:.3g}, far above guessing, and does not come down"
            raise DivergedError(diverged(what, self.step, record, config))


def diverged(what: str, step: int, record: dict[str, Any], config: RunConfig) -> str:
    """Say what happened at which step, and what to try."""
    lr = record.get("lr", config.optim.lr)
    tries = [f"a third of the learning rate (it was {lr:.3g})"]
    if config.optim.warmup_steps < 10:
        tries.append("a longer warmup")
    if not config.optim.max_grad_norm:
        tries.append("clipping gradients (max_grad_norm 1)")
    return f"{what[0].upper()}{what[1:]} at step {step}: the run diverged. Try {', or '.join(tries)}."
