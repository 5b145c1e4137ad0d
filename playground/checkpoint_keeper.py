"""Which checkpoints of a run are kept: the newest few, and the best."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

from playground import runs
from playground.checkpoint import REPLACED, TEMPORARY, load_extra, save_checkpoint


class CheckpointKeeper:
    """Saves checkpoints of a run and drops old ones; never half of one, even when it is killed."""

    def __init__(self, run: Path, keep: int) -> None:
        self.run, self.keep = run, keep
        self.latest: int | None = None
        self.best: int | None = None
        self.best_val_loss: float | None = None

    def clear(self) -> None:
        """Drop all checkpoints."""
        for step in runs.checkpoints(self.run):
            self._drop(step)
        self.tidy()

    def tidy(self) -> None:
        """Clear away what a process left that was killed while it saved or dropped a checkpoint."""
        for path in (self.run / "checkpoints").glob(f".step-*{REPLACED}"):
            folder = path.with_name(path.name.removeprefix(".").removesuffix(REPLACED))
            if not folder.exists():
                os.rename(path, folder)
        for path in (self.run / "checkpoints").glob(".step-*"):
            shutil.rmtree(path, ignore_errors=True)

    def go_on_from(self, step: int) -> dict[str, Any]:
        """Take up the state that was saved with a checkpoint, and return it."""
        extra = load_extra(runs.checkpoint_folder(self.run, step))
        self.latest = step
        best = extra.get("best") or {}
        if best.get("step") in runs.checkpoints(self.run):
            self.best, self.best_val_loss = best["step"], best["val_loss"]
        return extra

    def save(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        step: int,
        extra: dict[str, Any],
        val_loss: float | None,
    ) -> None:
        """Save a checkpoint; `val_loss` is that of its weights on the validation sample, if measured."""
        best, best_val_loss = self.best, self.best_val_loss
        if val_loss is not None and (best_val_loss is None or val_loss < best_val_loss):
            best, best_val_loss = step, val_loss
        extra = {**extra, "best": {"step": best, "val_loss": best_val_loss}}
        (self.run / "checkpoints").mkdir(exist_ok=True)  # never the run itself anew: it may have been deleted
        save_checkpoint(model, optimizer, step, runs.checkpoint_folder(self.run, step), extra)
        self.latest, self.best, self.best_val_loss = step, best, best_val_loss
        steps = runs.checkpoints(self.run)
        for old in set(steps[: -self.keep]) - {self.best}:
            self._drop(old)

    def _drop(self, step: int) -> None:
        """Take a checkpoint away in one move, then delete it."""
        folder = runs.checkpoint_folder(self.run, step)
        going = folder.with_name(f".{folder.name}{TEMPORARY}")
        shutil.rmtree(going, ignore_errors=True)
        os.rename(folder, going)
        shutil.rmtree(going, ignore_errors=True)
