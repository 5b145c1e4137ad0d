"""A trained model as it lies in a run folder: weights, tokenizer and config, ready to sample from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playground import runs
from playground.checkpoint import CheckpointError, load_model_weights
from playground.config import RunConfig
from playground.models import Model
from playground.models.large_pages import blank_in_large_pages
from playground.tokenizers import PretrainedTokenizer, Tokenizer, load_tokenizer

ATTEMPTS = 3
"""The worker drops old checkpoints: one that goes while it is read is looked for again."""


@dataclass(frozen=True)
class LoadedRun:
    """A model at one step of its run."""

    run: str
    step: int
    config: RunConfig
    tokenizer: Tokenizer
    model: Model


def newest_step(run: Path) -> int:
    """Return the step of the newest whole checkpoint; raises NoCheckpointYetError without one."""
    steps = runs.checkpoints(run)
    if not steps:
        raise runs.NoCheckpointYetError(run.name)
    return steps[-1]


def load_run(run: Path, step: int | None = None) -> LoadedRun:
    """Load the model of a run at a step (None: the newest), on the CPU and ready to evaluate.

    Raises CheckpointError in one sentence without such a checkpoint, NoCheckpointYetError without any.
    """
    try:
        config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{run.name} has no readable config.json.") from error
    for attempt in range(ATTEMPTS):
        chosen = newest_step(run) if step is None else step
        if chosen not in runs.checkpoints(run):
            raise CheckpointError(f"{run.name} has no checkpoint of step {chosen}.")
        model = blank_in_large_pages(config.model)
        try:
            load_model_weights(runs.checkpoint_folder(run, chosen), model)
        except CheckpointError:
            if step is not None or attempt == ATTEMPTS - 1:
                raise
            continue
        return LoadedRun(run.name, chosen, config, _tokenizer(run, config), model.eval())
    raise AssertionError("unreachable")


def _tokenizer(run: Path, config: RunConfig) -> Tokenizer:
    """Load the tokenizer of a run; one made elsewhere covers all ids of the model made with it."""
    tokenizer = load_tokenizer(run / "tokenizer")
    if isinstance(tokenizer, PretrainedTokenizer):
        tokenizer.cover(config.model.d_vocab)
    return tokenizer
