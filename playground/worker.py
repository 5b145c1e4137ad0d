"""The worker of a run: where training meets the run folder.

It reads config.json and control.json, and writes everything else. Whatever happens, status.json says
so in one sentence, and what was written before stays.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from tqdm import tqdm

from playground import runs
from playground.accounting import flops_per_token
from playground.calibration import choose_threads, peak_flops
from playground.checkpoint import load_checkpoint, load_extra, save_checkpoint
from playground.completion import complete
from playground.config import ConfigError, RunConfig
from playground.corpora.hub import pinned
from playground.crossings import CrossingWatch
from playground.devices import pick_device
from playground.files import (
    explain_os_error,
    read_json,
    read_json_lines,
    write_text_atomic,
)
from playground.models import build_model
from playground.optim import build_optimizer
from playground.pace import Pace
from playground.prepare import prepare
from playground.prepared import Prepared, load_prepared, save_prepared
from playground.sources import corpus_of, default_prompts
from playground.status_file import StatusFile
from playground.training import Data, DivergedError, Progress, Record, train

DONE, FAILED, STOPPED = 0, 1, 130

PAUSE_POLL_SECONDS = 0.1


class StopRequestedError(Exception):
    """The person, or the system by a signal, asked the run to stop."""


def work(run: Path, *, resume: bool = False) -> int:
    """Train the run in this folder to its end and return the exit status."""
    run = run.resolve()
    status = StatusFile(run)
    if status.values.get("state") != "queued":
        # Started by hand: a request of an earlier time is not meant. Started by the page, one may have
        # come since, and the page has cleared older ones.
        (run / "control.json").unlink(missing_ok=True)
    status.begin()
    control = Control(run)
    try:
        Worker(run, status, control).run_to_end(resume)
    except StopRequestedError:
        status.end("stopped", "Stopped on request.")
        return STOPPED
    except OSError as error:
        status.end("failed", explain_os_error(error, Path(error.filename or run)))
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return FAILED
    except (ValueError, DivergedError) as error:  # settings, text or numbers that can't work: said in words
        status.end("failed", str(error))
        print(error)
        return FAILED
    except BaseException as error:
        status.end("failed", f"{type(error).__name__}: {error}")
        raise
    status.end("finished", "")
    return DONE


class Control:
    """Requests from outside: control.json, and the signals that ask a process to end."""

    def __init__(self, run: Path) -> None:
        self.path = run / "control.json"
        self.signalled = False
        self.last_id: Any = None
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signalled = True

    def next_request(self) -> dict[str, Any] | None:
        """Return a request that was not seen before; raises StopRequestedError if it is to stop."""
        if self.signalled:
            raise StopRequestedError
        request = read_json(self.path)
        if request is None or request.get("id") == self.last_id:
            return None
        self.last_id = request.get("id")
        if request.get("action") == "stop":
            raise StopRequestedError
        return request


class Worker:
    """One run on its way: its model, its text and what it writes."""

    def __init__(self, run: Path, status: StatusFile, control: Control) -> None:
        self.run, self.status, self.control = run, status, control
        self.config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
        self.pace = Pace()
        self.progress = Progress()
        self.generator = torch.Generator().manual_seed(self.config.train.seed)

    def run_to_end(self, resume: bool) -> None:
        """Prepare, then train, writing every record, until all steps are done."""
        self.prepared = self._prepare()
        self._build()
        step = self.status.values.get("latest") if resume else None
        self._resume(step) if step is not None else self._start_anew()
        self.status.update(state="running", phase="", pace=None, total_steps=self.config.train.steps)
        records = train(
            self.model, self.optimizer, self.data, self.config, self.device, self.progress, self.generator
        )
        bar = tqdm(
            total=self.config.train.steps,
            initial=self.progress.step,
            unit="step",
            mininterval=1.0,
            disable=None,  # no bar where nobody watches: a log file
        )
        with open(self.run / "metrics.jsonl", "ab", buffering=0) as self.metrics, bar:
            try:
                for record in records:
                    self._take(record)
                    bar.update(record["step"] - bar.n)
                    self._obey()
            except StopRequestedError:
                self._save_checkpoint()
                raise

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
        self.control.next_request()

    def _build(self) -> None:
        """Fill in what the text decides, write the complete config, build the model, choose the threads."""
        config, tokenizer = self.config, self.prepared.tokenizer
        prompts = config.sample.prompts or default_prompts(config.data, corpus_of(config.data, self.run))
        self.config = dataclasses.replace(
            config,
            model=dataclasses.replace(config.model, d_vocab=tokenizer.d_vocab),
            sample=dataclasses.replace(config.sample, prompts=prompts),
        )
        write_text_atomic(self.run / "config.json", self.config.to_json(), durable=True)
        prepared, padded = self.prepared, config.data.batches == "padded"
        self.data = Data(
            prepared.train,
            prepared.val,
            prepared.bytes_per_token,
            prepared.tokens.get("test"),
            prepared.starts if padded else None,
        )
        self.data.check(self.config.model.n_ctx)
        self.device = pick_device(self.config.train.device)
        torch.manual_seed(self.config.train.seed)
        self.model = build_model(self.config.model).to(self.device)
        self.optimizer = build_optimizer(self.model, self.config.optim)
        self._report("measuring this machine")
        if self.device.type == "cpu":
            threads = self.config.train.threads or choose_threads(self.model, self.data, self.config)
            torch.set_num_threads(threads)
            self.status.update(threads=threads)
        self.flops_share = flops_per_token(self.config.model) / peak_flops(self.device)
        self.watch = CrossingWatch(self.prepared.baselines)

    def _start_anew(self) -> None:
        for name in ("metrics.jsonl", "samples.jsonl"):
            (self.run / name).unlink(missing_ok=True)
        shutil.rmtree(self.run / "checkpoints", ignore_errors=True)
        self.status.update(latest=None, best=None, best_val_loss=None, crossings=[])

    def _resume(self, step: int) -> None:
        """Go back to the last checkpoint: what was logged after it is dropped and learned again."""
        folder = runs.checkpoint_folder(self.run, step)
        load_checkpoint(folder, self.model, self.optimizer)
        extra = load_extra(folder)
        self.progress = Progress(**extra["progress"])
        self.generator.set_state(_from_hex(extra["generator"]))
        torch.set_rng_state(_from_hex(extra["torch_generator"]))
        for name in ("metrics.jsonl", "samples.jsonl"):
            records, _ = read_json_lines(self.run / name)
            kept = [record for record in records if record.get("step", 0) <= step]
            text = "".join(json.dumps(record) + "\n" for record in kept)
            write_text_atomic(self.run / name, text, durable=True)
            if name == "metrics.jsonl":
                for record in kept:
                    self.watch.watch(record)

    def _take(self, record: Record) -> None:
        """Write one record, and the completions and the checkpoint that are due at its step."""
        step, settings = record["step"], self.config.train
        is_last = step == settings.steps
        if "train_loss" in record or "val_loss" in record:
            record["mfu"] = record.get("tokens_per_s", 0.0) * self.flops_share
            self.metrics.write((json.dumps(record) + "\n").encode())
            self.watch.watch(record)
        self._update_status(record)
        if step % settings.sample_every == 0 or is_last:
            self._write_samples(step)
        if (step % settings.checkpoint_every == 0 or is_last) and step > 0:
            self._save_checkpoint(record.get("val_loss"))

    def _update_status(self, record: Record) -> None:
        speed = record.get("tokens_per_s", 0.0)
        tokens_a_step = record["tokens_seen"] / max(1, record["step"])
        tokens_left = tokens_a_step * (self.config.train.steps - record["step"])
        self.status.update(
            force=False,
            step=record["step"],
            elapsed_s=round(record["elapsed_s"], 2),
            tokens_per_s=round(speed, 1),
            seconds_left=round(tokens_left / speed, 1) if speed else None,
            crossings=self.watch.found,
        )

    def _write_samples(self, step: int) -> None:
        tokenizer, settings = self.prepared.tokenizer, self.config.sample
        lines = []
        for number, prompt in enumerate(settings.prompts):
            tokens = tokenizer.encode(prompt)
            if not tokens:
                continue
            own = dataclasses.replace(settings, seed=settings.seed + number)
            completion = "".join(piece.text for piece in complete(self.model, tokenizer, tokens, own))
            shown = {name: value for name, value in dataclasses.asdict(own).items() if name != "prompts"}
            lines.append({"step": step, "prompt": prompt, "completion": completion, "settings": shown})
        with open(self.run / "samples.jsonl", "ab") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines).encode())

    def _save_checkpoint(self, val_loss: float | None = None) -> None:
        step = self.progress.step
        extra = {
            "progress": {**dataclasses.asdict(self.progress), "paused_s": 0.0},
            "generator": _to_hex(self.generator.get_state()),
            "torch_generator": _to_hex(torch.get_rng_state()),
        }
        save_checkpoint(self.model, self.optimizer, step, runs.checkpoint_folder(self.run, step), extra)
        best = self.status.values.get("best_val_loss")
        if val_loss is not None and (best is None or val_loss < best):
            self.status.update(best=step, best_val_loss=val_loss)
        self.status.update(latest=step)
        self._drop_old_checkpoints()

    def _drop_old_checkpoints(self) -> None:
        steps = runs.checkpoints(self.run)
        kept = {*steps[-self.config.train.keep_checkpoints :], self.status.values.get("best")}
        for step in set(steps) - kept:
            shutil.rmtree(runs.checkpoint_folder(self.run, step), ignore_errors=True)

    def _obey(self) -> None:
        """Follow a request that was left since the last step; a pause waits here."""
        request = self.control.next_request()
        if request is None or request.get("action") != "pause":
            return
        self._save_checkpoint()
        self.status.update(state="paused")
        began = time.perf_counter()
        while (request := self.control.next_request()) is None or request.get("action") != "resume":
            self.status.update(force=False)
            time.sleep(PAUSE_POLL_SECONDS)
        self.progress.paused_s += time.perf_counter() - began
        self.status.update(state="running")


def _to_hex(state: torch.Tensor) -> str:
    return bytes(state.tolist()).hex()


def _from_hex(text: str) -> torch.Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)


def refuse_if_busy(run: Path) -> None:
    """Raise ConfigError if another process is training in this folder."""
    state = runs.status(run)
    if state["state"] in runs.ACTIVE and state.get("pid") not in (None, os.getpid()):
        raise ConfigError(f"{run.name} is training already, in process {state['pid']}.")
    if not (run / "config.json").is_file() or read_json(run / "config.json") is None:
        raise ConfigError(f"{run} has no readable config.json.")
