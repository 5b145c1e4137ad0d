"""A rank beside rank 0: it trains on its share, does what rank 0 says, and writes nothing."""

from __future__ import annotations

import signal
from pathlib import Path

import torch

from playground import endings, runs
from playground.checkpoint import load_extra
from playground.config import RunConfig
from playground.control import StopRequestedError
from playground.distributed import Group, LostProcessError, Word
from playground.distributed.talk import hear
from playground.distributed.watch import end_as_failed
from playground.job import Job, build_job
from playground.prepared import load_prepared
from playground.progress import DivergedError, Progress
from playground.training import train

DONE, FAILED = 0, 1


def follow(run: Path, group: Group) -> int:
    """Train beside rank 0 until it ends the run, and return the exit status."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)  # rank 0 hears them, and says when to stop
    try:
        _train(run, group)
    except (StopRequestedError, DivergedError):
        pass  # rank 0 has the same, and says so
    except BaseException as error:
        cause = error if endings.is_foreseen(error, run) else group.cause_of(error)
        if group.is_over():
            return DONE
        if not isinstance(cause, LostProcessError):
            group.leave_word(endings.explain(error, run, None))
            raise
        if group.is_heir():
            end_as_failed(run, str(cause))
        return FAILED
    group.await_rank_0()
    return DONE


def _train(run: Path, group: Group) -> None:
    step = obey(Progress())  # until rank 0 has prepared everything
    job = _build(run, int(step))
    if job.device.type == "cpu":
        torch.set_num_threads(job.config.train.threads or group.threads_each())
    records = train(
        job.model, job.optimizer, job.data, job.config, job.device, job.progress, job.generator, group
    )
    for _ in records:
        obey(job.progress)


def _build(run: Path, step: int) -> Job:
    config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    prepared = load_prepared(run)
    if prepared is None:
        raise FileNotFoundError(f"{run} has no tokens: all machines have to see the run's folder.")
    job = build_job(config, prepared, blank=step > 0)
    if step > 0:
        folder = runs.checkpoint_folder(run, step)
        job.restore(folder, load_extra(folder))
    return job


def obey(progress: Progress) -> float:
    """Do what rank 0 says until it says go, and return the number that came with that."""
    is_paused = False
    while True:
        word, value = hear()
        if word == Word.STOP:
            raise StopRequestedError
        if word == Word.SET_LR:
            progress.set_learning_rate(value)
        elif word in (Word.PAUSE, Word.RESUME):
            is_paused = word == Word.PAUSE
        elif word == Word.GO and not is_paused:
            return value
