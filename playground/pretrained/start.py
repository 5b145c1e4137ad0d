"""Runs that start from a pretrained model: its shape and tokenizer for their config, then its weights."""

from __future__ import annotations

import dataclasses

from playground import runs
from playground.checkpoint import load_model_weights
from playground.config import RunConfig
from playground.config.run import LOCAL
from playground.models import Model, build_blank
from playground.pretrained.errors import PretrainedError
from playground.pretrained.facts import facts_at
from playground.pretrained.fetch import Report, fetch, find_source, ignore
from playground.pretrained.loading import config_by, model_in
from playground.run_start import find_start, is_run, settle_run_start
from playground.tokenizers import Tokenizer


def settle_start(config: RunConfig, report: Report = ignore) -> RunConfig:
    """Return the config of a run with the commit, shape and tokenizer of the model it starts from, fetched.

    A config in which they stand already, and one that starts from nothing, is returned as it is.
    Raises PretrainedError.
    """
    if not config.start_from or (config.start_revision and config.model.d_vocab):
        return config
    if is_run(config.start_from):
        return settle_run_start(config)
    source = find_source(config.start_from, config.start_revision)
    facts = facts_at(source)
    facts.check_memory()
    folder = fetch(source, report)
    name = str(folder) if source.commit == "" else f"{source.name}@{source.commit}"
    return dataclasses.replace(
        config,
        model=config_by(facts.config, config.model.n_ctx),
        data=dataclasses.replace(config.data, tokenizer=f"hf:{name}"),
        start_revision=source.commit or LOCAL,
    )


def start_model(config: RunConfig, *, own: bool = False) -> Model:
    """Return the model that a settled config starts from, with its weights.

    own: they lie in memory, as those of a run that goes on from a checkpoint will, and not in a mapped file,
    where the same sums may be rounded otherwise.
    Raises PretrainedError, or of a run ConfigError or CheckpointError.
    """
    if is_run(config.start_from):
        model, (folder, step) = (
            build_blank(config.model),
            find_start(config.start_from, config.start_revision),
        )
        load_model_weights(runs.checkpoint_folder(folder, step), model)
        return model
    source = find_source(config.start_from, config.start_revision)
    return model_in(fetch(source), config.start_from, config.model.n_ctx, own=own)


def check_match(config: RunConfig, tokenizer: Tokenizer) -> None:
    """Raise PretrainedError if a tokenizer has ids for which the model it came with has no embedding."""
    if config.start_from and tokenizer.d_vocab > config.model.d_vocab:
        raise PretrainedError(
            f"The tokenizer of {config.start_from} does not match its model: it has ids up to "
            f"{tokenizer.d_vocab - 1:,}, but the model has embeddings for {config.model.d_vocab:,} tokens."
        )
