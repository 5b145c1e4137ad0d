"""One run from its text to its last step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tqdm import tqdm

from playground import memory, runs
from playground.accounting import peak_bytes, training_flops_per_token
from playground.admission import check_run
from playground.answers import said_of_answers
from playground.calibration import peak_flops
from playground.compile_choice import settle
from playground.completion import complete_prompts
from playground.config import RunConfig
from playground.control import StopRequestedError
from playground.crossings import CrossingWatch
from playground.distributed import ALONE, World, control_of
from playground.job import build_job, check_memory
from playground.loggers import check_installed, open_loggers
from playground.long_documents import said_of_long
from playground.lora import check_pretrained
from playground.progress import DivergedError, Progress
from playground.status_file import StatusFile
from playground.training import Record, is_due, train
from playground.worker.notes import Notes
from playground.worker.preparing import note_pretrained, prepare_text, set_threads
from playground.worker.requests import Requests
from playground.worker.saving import Saver


class Worker:
    """A run on its way: its job, and the parts that write, save and listen."""

    def __init__(self, run: Path, status: StatusFile, world: World = ALONE) -> None:
        self.run, self.status, self.world, self.control = run, status, world, control_of(run, world)
        self.config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
        self.notes = Notes(run, status, self.control)
        self.taken = -1
        """The last step of which everything is written."""

    def run_to_end(self, resume: bool) -> str:
        """Prepare, then train, writing every record, until all steps are done; say why it ended early."""
        check_installed(self.config.train.logger_names())
        check_pretrained(self.config)
        self._build(resume)
        self._begin(resume)
        self.status.update(state="running", phase="", pace=None, total_steps=self.config.train.steps)
        try:
            self._train()
        except StopRequestedError as stop:
            raise StopRequestedError(self.saver.save_at_stop(self.taken) or str(stop)) from None
        except DivergedError as error:
            self.notes.event("diverged")
            raise DivergedError(f"{error} {self.saver.what_is_kept()}") from None
        finally:
            self.notes.close()
        return why_early(self.job.progress, self.config.train.steps)

    def _build(self, resume: bool) -> None:
        """Turn the text into tokens, and the config into a model, an optimizer and data."""
        notes = self.notes
        self.config, self.prepared = prepare_text(self.config, self.run, notes)
        check_run(self.run)
        notes.say(said_of_long(self.prepared, self.config), said_of_answers(self.prepared.baselines))
        notes.watch = CrossingWatch(self.prepared.baselines)
        notes.estimated = (memory.held_bytes() or 0) + peak_bytes(self.config)
        self.status.update(memory=notes.memory())
        if self.config.train.check_memory and self.world.size == 1:
            check_memory(self.config)
        self.job = build_job(self.config, self.prepared, blank=bool(resume and runs.checkpoints(self.run)))
        self.world.check(self.config, self.job.device)
        self.saver = Saver(self.run, self.job, self.world, notes)
        self.requests = Requests(self.control, self.job, self.saver, notes)
        if self.world.rank == 0:  # it has the first batch of every evaluation
            notes.phase("counting what the model is compared with")
            self.job.prepare_knowledge()

    def _begin(self, resume: bool) -> None:
        """Stand at the newest checkpoint, or at step 0, with this machine measured."""
        newest = self.saver.newest() if resume else None
        self._measure_machine(newest[1] if newest else {})
        if newest:
            self.saver.go_on_from(*newest)
        else:
            self.saver.begin_anew()
        self.notes.progress = self.job.progress
        self.notes.loggers = open_loggers(self.config, self.run, self.job.progress.step)

    def _measure_machine(self, state: dict[str, Any]) -> None:
        self.notes.phase("measuring this machine")
        if self.job.device.type == "cpu":
            self.status.update(threads=set_threads(self.job, self.world, state))
        self._settle_compiling(state)
        peak = peak_flops(self.job.device, self.config.train.precision) * self.world.size
        self.notes.flops_share = training_flops_per_token(self.config) / peak

    def _settle_compiling(self, state: dict[str, Any]) -> None:
        before = state.get("compiled", False) if state else None
        choice = settle(self.job, before, self.world.size, lambda: self.notes.phase("compiling the model"))
        self.job.compiled = choice.compiled
        self.status.update(compiled=choice.compiled, compile_reason=choice.why)
        print(choice.why)

    def _train(self) -> None:
        job = self.job
        self.control.let_go(job.progress.step)
        parts = job.model, job.optimizer, job.data, job.config, job.device, job.progress, job.generator
        bar = tqdm(
            total=self.config.train.steps,
            initial=job.progress.step,
            unit="step",
            mininterval=1.0,
            disable=None,  # no bar where nobody watches: a log file
        )
        with bar:
            for record in train(*parts, self.world):
                self._take(record)
                self.taken = record["step"]
                bar.update(record["step"] - bar.n)
                self.requests.follow_all()

    def _take(self, record: Record) -> None:
        """Write one record, and the completions and the checkpoint that are due at its step."""
        step, is_last = record["step"], "full_val_loss" in record
        if "train_loss" in record or "val_loss" in record:
            self.notes.record(record)
        if step == 0 and self.config.start_from:
            self.notes.insist(lambda: note_pretrained(self.run, record["val_loss"]))
        self.notes.heartbeat(record, self.config.train.steps)
        if is_due(step, self.config, "sample_every") or is_last:
            prompts = complete_prompts(self.job.model, self.prepared.tokenizer, self.config.sample)
            self.notes.samples([{"step": step, **line} for line in prompts])
        if (is_due(step, self.config, "checkpoint_every") or is_last) and step > 0:
            self.saver.save(record["val_loss"])


def why_early(progress: Progress, steps: int) -> str:
    """Say why a run ended before its last step, if it did."""
    if progress.step >= steps:
        return ""
    return (
        f"Ended early at step {progress.step:,}: no better validation loss in "
        f"{progress.evaluations_since_best} evaluations; the best was {progress.best_val_loss:.4g} "
        f"at step {progress.best_step:,}."
    )
