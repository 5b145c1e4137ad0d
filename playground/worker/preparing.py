"""What a worker does before the first step: tokens from text, a complete config, threads for this machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from playground.calibration import choose_threads
from playground.config import RunConfig
from playground.corpora.hub import pinned
from playground.distributed import World
from playground.files import read_json, write_json_atomic, write_text_atomic
from playground.job import Job
from playground.prepare import prepare
from playground.prepared import BASELINES_FILE, Prepared, load_prepared, save_prepared
from playground.pretrained.start import check_match, settle_start
from playground.sources import corpus_of, default_prompts
from playground.tokenizers import PretrainedTokenizer
from playground.worker.notes import Notes


def prepare_text(config: RunConfig, run: Path, notes: Notes) -> tuple[RunConfig, Prepared]:
    """Return the tokens of a run, made where they are not there yet, and the config they complete.

    It is written to config.json, so that this alone repeats the run.
    """
    config = _settled(config, run, notes)
    config, prepared = notes.insist(lambda: _tokens_of(config, run, notes))
    prepared = _matched(config, prepared, run)
    prompts = config.sample.prompts or default_prompts(config.data, corpus_of(config.data, run))
    complete = dataclasses.replace(
        config,
        model=dataclasses.replace(
            config.model, d_vocab=config.model.d_vocab if config.start_from else prepared.tokenizer.d_vocab
        ),
        sample=dataclasses.replace(config.sample, prompts=prompts),
    )
    text = complete.to_json()
    notes.insist(lambda: write_text_atomic(run / "config.json", text, durable=True))
    if isinstance(prepared.tokenizer, PretrainedTokenizer):
        prepared.tokenizer.cover(complete.model.d_vocab)  # its model may draw any of its ids
    return complete, prepared


def _settled(config: RunConfig, run: Path, notes: Notes) -> RunConfig:
    """Return the config with what the pretrained model decides that it starts from, if there is one.

    It is written at once: a run that goes on needs neither the Hub nor the folder again.
    """
    settled = notes.insist(lambda: settle_start(config, notes.phase))
    if settled != config:
        notes.insist(lambda: write_text_atomic(run / "config.json", settled.to_json(), durable=True))
    return settled


def _matched(config: RunConfig, prepared: Prepared, run: Path) -> Prepared:
    """Return the prepared text with a tokenizer that has an id for each embedding of a pretrained model.

    Raises PretrainedError where there are tokens without an embedding.
    """
    check_match(config, prepared.tokenizer)
    if not (config.start_from and isinstance(prepared.tokenizer, PretrainedTokenizer)):
        return prepared
    wide = prepared.tokenizer.widened(config.model.d_vocab)
    wide.save(run / "tokenizer")
    return dataclasses.replace(prepared, tokenizer=wide)


def _tokens_of(config: RunConfig, run: Path, notes: Notes) -> tuple[RunConfig, Prepared]:
    prepared = load_prepared(run)
    if prepared is None:
        config = dataclasses.replace(config, data=pinned(config.data))
        prepared = prepare(config.data, run, notes.phase)
        save_prepared(prepared, run)
    return config, prepared


def note_pretrained(run: Path, val_loss: float) -> None:
    """Write the loss of the pretrained model, before its first step, beside the baselines."""
    baselines = read_json(run / BASELINES_FILE) or {}
    write_json_atomic(run / BASELINES_FILE, baselines | {"pretrained": val_loss}, durable=True)


def set_threads(job: Job, world: World, state: dict[str, Any]) -> int:
    """Set the CPU threads and return how many.

    Those of the checkpoint whose state is given, if there is one (sums in another order differ); else those
    of the config, this process's share, or the fastest number.
    """
    threads = state.get("threads") if state.get("processes", 1) == world.size else None
    threads = threads or job.config.train.threads or world.threads_each()
    threads = threads or choose_threads(job.model, job.data, job.config)
    torch.set_num_threads(threads)
    return threads
