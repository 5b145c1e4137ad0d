"""The checkpoints of a run under way: when they are saved, and how it goes on from one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playground import runs
from playground.checkpoint_keeper import CheckpointKeeper
from playground.distributed import World
from playground.files import is_full
from playground.job import Job
from playground.worker.notes import Notes


class Saver:
    """Saves what a job has learned, and brings it back."""

    def __init__(self, run: Path, job: Job, world: World, notes: Notes) -> None:
        self.run, self.job, self.world, self.notes = run, job, world, notes
        self.keeper = CheckpointKeeper(run, job.config.train.keep_checkpoints)

    def newest(self) -> tuple[int, dict[str, Any]] | None:
        """Return the step of the newest checkpoint and the state saved with it; None: there is none."""
        self.keeper.tidy()
        steps = runs.checkpoints(self.run)
        return (steps[-1], self.keeper.go_on_from(steps[-1])) if steps else None

    def begin_anew(self) -> None:
        """Drop what an earlier run has left in the folder."""
        self.notes.records.clear()
        self.keeper.clear()
        self.notes.status.update(latest=None, best=None, best_val_loss=None, crossings=[], step=0)

    def go_on_from(self, step: int, state: dict[str, Any]) -> None:
        """Go back to a checkpoint: what was logged after it is dropped and learned again."""
        self.job.restore(runs.checkpoint_folder(self.run, step), state)
        self.notes.progress = self.job.progress
        for record in self.notes.insist(lambda: self.notes.records.cut_after(step)):
            self.notes.watch.watch(record)
        self.notes.event("resumed")
        before, steps = state.get("steps"), self.job.config.train.steps
        if before not in (None, steps):
            self.notes.event("steps", **{"from": before, "to": steps})

    def save(self, val_loss: float | None = None) -> None:
        """Save what was learned, unless it is worse than nothing; a full disk is waited for."""
        self.job.check_weights()
        if self.job.progress.is_diverging() and self.keeper.latest is not None:
            return
        self.notes.insist(lambda: self._write(val_loss), 2 * self.job.state_bytes())
        self.notes.status.update(
            step=self.job.progress.step,
            latest=self.keeper.latest,
            best=self.keeper.best,
            best_val_loss=self.keeper.best_val_loss,
        )

    def save_at_stop(self, written: int) -> str:
        """Save what was learned before the run ends; return what kept it from that, if something did.

        `written` is the last step of which everything is written down.
        """
        try:
            if self.keeper.latest != self.job.progress.step == written:
                self.job.check_weights()
                self._write(None)
                self.notes.status.update(latest=self.keeper.latest)
            self.notes.event("stopped")
        except OSError as error:
            if not is_full(error):
                raise
            return f"Stopped on request, with a full disk. {self.what_is_kept()}"
        return ""

    def what_is_kept(self) -> str:
        """Say which checkpoint is left."""
        if self.keeper.latest is None:
            return "There is no checkpoint yet."
        return f"The checkpoint of step {self.keeper.latest:,} is kept."

    def _write(self, val_loss: float | None) -> None:
        job = self.job
        self.notes.records.sync()
        state = job.state() | {"processes": self.world.size}
        self.keeper.save(job.model, job.optimizer, job.progress.step, state, val_loss)
