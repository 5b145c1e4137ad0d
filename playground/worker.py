"""The worker of a run: where training meets the run folder.

It reads config.json and control.json, and writes everything else. Whatever happens, status.json says
so in one sentence, and what was written before stays.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from playground import endings, memory, runs
from playground.accounting import flops_per_token, peak_bytes
from playground.calibration import choose_threads, peak_flops
from playground.checkpoint_keeper import CheckpointKeeper
from playground.completion import complete_prompts
from playground.config import ConfigError, RunConfig
from playground.control import StopRequestedError
from playground.corpora.hub import pinned
from playground.crossings import CrossingWatch
from playground.distributed import ALONE, World, control_of
from playground.files import is_full, read_json, write_text_atomic
from playground.full_disk import FullDisk
from playground.job import build_job, check_memory
from playground.loggers import check_installed, open_loggers
from playground.pace import Pace
from playground.prepare import prepare
from playground.prepared import Prepared, load_prepared, save_prepared
from playground.processes import run_pid
from playground.progress import DivergedError, Progress
from playground.records import Records
from playground.sources import corpus_of, default_prompts
from playground.status_file import StatusFile
from playground.training import Record, is_due, train

DONE, FAILED, STOPPED = 0, 1, 130

PAUSE_POLL_SECONDS = 0.1


def work(run: Path, *, resume: bool = False, world: World = ALONE) -> int:
    """Train the run in this folder to its end, start the next of the queue, and return the exit status.

    In a world of several processes, this is its rank 0.
    """
    run = run.resolve()
    try:
        return _work(run, resume, world)
    finally:
        runs.advance(run.parent)


def _work(run: Path, resume: bool, world: World) -> int:
    status = StatusFile(run)
    if status.values.get("state") != "queued":
        # Started by hand: a request of an earlier time is not meant. Started by the page, one may have
        # come since, and the page has cleared older ones.
        (run / "control.json").unlink(missing_ok=True)
    status.begin()
    status.update(processes=world.members)
    try:
        reason = Worker(run, status, world).run_to_end(resume)
    except StopRequestedError as stop:
        status.end("stopped", str(stop) or "Stopped on request.")
        return STOPPED
    except BaseException as raised:
        error = raised if endings.is_foreseen(raised) else world.cause_of(raised)
        reason = endings.explain(error, run, (status.values.get("memory") or {}).get("estimated"))
        status.end("failed", reason)
        if not endings.is_foreseen(error):
            raise
        print(reason)
        return FAILED
    status.end("finished", reason)
    return DONE


class Worker:
    """One run on its way: its job, and what it writes."""

    def __init__(self, run: Path, status: StatusFile, world: World = ALONE) -> None:
        self.run, self.status, self.world, self.control = run, status, world, control_of(run, world)
        self.config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
        self.progress = Progress()
        self.disk = FullDisk(run, status, self.control, self._note_full_disk)
        self.records = Records(run)
        self.keeper = CheckpointKeeper(run, self.config.train.keep_checkpoints)
        self.pace = Pace()
        self.taken = -1
        """The last step of which everything is written."""

    def run_to_end(self, resume: bool) -> str:
        """Prepare, then train, writing every record, until all steps are done; say why it ended early."""
        check_installed(self.config.train.logger_names())
        self.prepared = self.disk.insist(self._prepare)
        self._complete_config()
        self.estimated = (memory.held_bytes() or 0) + peak_bytes(self.config)
        self.status.update(memory=self._memory())
        if self.config.train.check_memory and self.world.size == 1:
            check_memory(self.config)
        self.job = build_job(self.config, self.prepared)
        self.world.check(self.config, self.job.device)
        if self.world.rank == 0:  # it has the first batch of every evaluation
            self._report("counting what the model is compared with")
            self.job.prepare_knowledge()
        self.watch = CrossingWatch(self.prepared.baselines)
        self.keeper.tidy()
        steps = runs.checkpoints(self.run) if resume else []
        state = self.keeper.go_on_from(steps[-1]) if steps else {}
        self._measure_machine(state)
        if steps:
            self._go_on_from(steps[-1], state)
        else:
            self._begin_anew()
        self.loggers = open_loggers(self.config, self.run, self.progress.step)
        self.status.update(state="running", phase="", pace=None, total_steps=self.config.train.steps)
        try:
            self._train()
        except StopRequestedError:
            raise StopRequestedError(self._save_at_stop()) from None
        except DivergedError as error:
            self._event("diverged")
            raise DivergedError(f"{error} {self._what_is_kept()}") from None
        finally:
            for logger in self.loggers:
                logger.close()
        return self._why_early()

    def _train(self) -> None:
        job, self.progress = self.job, self.job.progress
        self.control.let_go(self.progress.step)
        parts = job.model, job.optimizer, job.data, job.config, job.device, job.progress, job.generator
        records = train(*parts, self.world)
        bar = tqdm(
            total=self.config.train.steps,
            initial=self.progress.step,
            unit="step",
            mininterval=1.0,
            disable=None,  # no bar where nobody watches: a log file
        )
        with bar:
            for record in records:
                self._take(record)
                self.taken = record["step"]
                bar.update(record["step"] - bar.n)
                while (request := self.control.next_request()) is not None:
                    self._follow(request)

    def _prepare(self) -> Prepared:
        prepared = load_prepared(self.run)
        if prepared is None:
            self.config = dataclasses.replace(self.config, data=pinned(self.config.data))
            prepared = prepare(self.config.data, self.run, self._report)
            save_prepared(prepared, self.run)
        return prepared

    def _report(self, phase: str, done: int = 0, total: int = 0) -> None:
        pace = self.pace.at(phase, done, total)
        self.status.update(force=not done, state="preparing", phase=phase, pace=pace)
        self.control.check_stop()

    def _complete_config(self) -> None:
        """Fill in what the text decides, so that config.json alone repeats the run."""
        config, d_vocab = self.config, self.prepared.tokenizer.d_vocab
        prompts = config.sample.prompts or default_prompts(config.data, corpus_of(config.data, self.run))
        self.config = dataclasses.replace(
            config,
            model=dataclasses.replace(config.model, d_vocab=d_vocab),
            sample=dataclasses.replace(config.sample, prompts=prompts),
        )
        text = self.config.to_json()
        self.disk.insist(lambda: write_text_atomic(self.run / "config.json", text, durable=True))

    def _measure_machine(self, state: dict[str, Any]) -> None:
        """Set the CPU threads: those it had before (sums in another order differ), or the fastest number."""
        job, world = self.job, self.world
        self._report("measuring this machine")
        if job.device.type == "cpu":
            threads = state.get("threads") if state.get("processes", 1) == world.size else None
            threads = threads or job.config.train.threads or world.threads_each()
            threads = threads or choose_threads(job.model, job.data, job.config)
            torch.set_num_threads(threads)
            self.status.update(threads=threads)
        self.flops_share = flops_per_token(self.config.model) / peak_flops(job.device) / world.size

    def _begin_anew(self) -> None:
        self.records.clear()
        self.keeper.clear()
        self.status.update(latest=None, best=None, best_val_loss=None, crossings=[], step=0)

    def _go_on_from(self, step: int, state: dict[str, Any]) -> None:
        """Go back to a checkpoint: what was logged after it is dropped and learned again."""
        self.job.restore(runs.checkpoint_folder(self.run, step), state)
        for record in self.disk.insist(lambda: self.records.cut_after(step)):
            self.watch.watch(record)
        self.progress = self.job.progress
        self._event("resumed")
        if state.get("steps", self.config.train.steps) != self.config.train.steps:
            self._event("steps", **{"from": state["steps"], "to": self.config.train.steps})

    def _take(self, record: Record) -> None:
        """Write one record, and the completions and the checkpoint that are due at its step."""
        step, is_last = record["step"], "full_val_loss" in record
        if "train_loss" in record or "val_loss" in record:
            record["mfu"] = record.get("tokens_per_s", 0.0) * self.flops_share
            self.disk.insist(lambda: self.records.append("metrics", record))
            for logger in self.loggers:
                logger.log(record)
            self.watch.watch(record)
        self._update_status(record)
        if is_due(step, self.config, "sample_every") or is_last:
            prompts = complete_prompts(self.job.model, self.prepared.tokenizer, self.config.sample)
            lines = [{"step": step, **line} for line in prompts]
            self.disk.insist(lambda: self.records.append("samples", *lines))
            for logger in self.loggers if lines else []:
                logger.log_samples(lines)
        if (is_due(step, self.config, "checkpoint_every") or is_last) and step > 0:
            self._save_checkpoint(record["val_loss"])

    def _update_status(self, record: Record) -> None:
        speed = record.get("tokens_per_s", 0.0)
        tokens_a_step = record["tokens_seen"] / max(1, record["step"])
        tokens_left = tokens_a_step * (self.config.train.steps - record["step"])
        if self.status.is_due():
            self.status.values["memory"] = self._memory()
        self.status.update(
            force=False,
            step=record["step"],
            elapsed_s=round(record["elapsed_s"], 2),
            tokens_per_s=round(speed, 1),
            seconds_left=round(tokens_left / speed, 1) if speed else None,
            crossings=self.watch.found,
        )

    def _memory(self) -> dict[str, int | None]:
        """Return what is needed to explain it if the system ends this process for want of memory."""
        held, free, kills = memory.held_bytes(), memory.free_bytes(), memory.memory_kills()
        return {"held": held, "free": free, "kills": kills, "estimated": self.estimated}

    def _save_checkpoint(self, val_loss: float | None = None) -> None:
        """Save what was learned, unless it is worse than nothing; a full disk is waited for."""
        self.job.check_weights()
        if self.progress.is_diverging() and self.keeper.latest is not None:
            return
        self.disk.insist(lambda: self._write_checkpoint(val_loss), 2 * self.job.state_bytes())
        self.status.update(
            step=self.progress.step,
            latest=self.keeper.latest,
            best=self.keeper.best,
            best_val_loss=self.keeper.best_val_loss,
        )

    def _write_checkpoint(self, val_loss: float | None) -> None:
        job = self.job
        self.records.sync()
        state = job.state() | {"processes": self.world.size}
        self.keeper.save(job.model, job.optimizer, self.progress.step, state, val_loss)

    def _save_at_stop(self) -> str:
        """Save what was learned before the run ends; return what kept it from that, if something did."""
        try:
            if self.keeper.latest != self.progress.step == self.taken:
                self.job.check_weights()
                self._write_checkpoint(None)
                self.status.update(latest=self.keeper.latest)
            self._event("stopped")
        except OSError as error:
            if not is_full(error):
                raise
            return f"Stopped on request, with a full disk. {self._what_is_kept()}"
        return ""

    def _follow(self, request: dict[str, Any]) -> None:
        """Follow a request that was left since the last step."""
        if request.get("action") == "pause":
            self._pause()
        elif request.get("action") == "set_lr" and isinstance(request.get("lr"), float):
            self._set_learning_rate(request["lr"])

    def _set_learning_rate(self, lr: float) -> None:
        """Learn at another rate from here on; saved at once, so that a resumed run keeps it."""
        before = self.progress.learning_rate(self.config)
        self.progress.set_learning_rate(lr)
        self._save_checkpoint()
        self._event("lr", **{"from": before, "to": lr})

    def _pause(self) -> None:
        self._save_checkpoint()
        self._event("paused")
        self.status.update(state="paused")
        began = time.perf_counter()
        while (request := self.control.next_request()) is None or request.get("action") != "resume":
            if request is not None and request.get("action") != "pause":
                self._follow(request)
            self.status.update(force=False)
            time.sleep(PAUSE_POLL_SECONDS)
        self.progress.paused_s += time.perf_counter() - began
        self._event("resumed")
        self.status.update(state="running")

    def _event(self, event: str, **values: Any) -> None:
        where = self.progress.step, self.progress.elapsed_s
        self.disk.insist(lambda: self.records.event(event, *where, **values))

    def _note_full_disk(self, seconds: float) -> None:
        self.progress.paused_s += seconds
        self._event("disk_full", seconds=round(seconds, 1))

    def _what_is_kept(self) -> str:
        if self.keeper.latest is None:
            return "There is no checkpoint yet."
        return f"The checkpoint of step {self.keeper.latest:,} is kept."

    def _why_early(self) -> str:
        """Say why the run ended before its last step, if it did."""
        progress = self.progress
        if progress.step >= self.config.train.steps:
            return ""
        return (
            f"Ended early at step {progress.step:,}: no better validation loss in "
            f"{progress.evaluations_since_best} evaluations; the best was {progress.best_val_loss:.4g} "
            f"at step {progress.best_step:,}."
        )


def refuse_if_busy(run: Path) -> None:
    """Raise ConfigError if another process is training in this folder."""
    state = runs.status(run)
    if runs.is_under_way(state) and state.get("pid") not in (None, run_pid()):
        raise ConfigError(f"{run.name} is training already, in process {state['pid']}.")
    if not (run / "config.json").is_file() or read_json(run / "config.json") is None:
        raise ConfigError(f"{run} has no readable config.json.")
