"""A pretrained model as a run: a folder that can be talked to, looked into, and learned on from."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from playground import runs
from playground.checkpoint import save_checkpoint
from playground.config import ModelConfig, RunConfig, SampleConfig
from playground.files import write_json_atomic, write_text_atomic
from playground.limits import limits
from playground.optim import build_optimizer
from playground.pretrained.errors import PretrainedError
from playground.pretrained.facts import facts_of
from playground.pretrained.fetch import Report, ignore
from playground.pretrained.loading import LOADING
from playground.pretrained.start import LOCAL, check_match, settle_start, start_model
from playground.sources import with_whole_start
from playground.tokenizers import PretrainedTokenizer, build_tokenizer

OPENING = ".opening"
"""Folder, among the runs, of those that are not whole yet."""

OPENED = "Opened, and not trained here."
PROMPTS = ("Once upon a time", "The capital of France is")


LONGEST_CONTEXT = 1024
"""Where no context is asked for, at most this: the cost of a text grows with it."""


def open_as_run(
    name: str,
    root: Path,
    report: Report = ignore,
    *,
    revision: str = "",
    n_ctx: int = 0,
    run_name: str = "",
) -> Path:
    """Return a run whose only checkpoint, of step 0, is a model of the Hub or of a folder.

    A model that was opened before is found again; a folder is read anew, since it may hold another one now.
    n_ctx: the context; 0: the model's own, at most 1,024. run_name: of the folder that is made.
    `report` is told how far it is, and may raise to cancel. Raises PretrainedError, TokenizerError or
    LimitError in one sentence, and leaves nothing behind then.
    """
    name = name.strip()
    if not name:
        raise PretrainedError("Name a model of the Hugging Face Hub, as Qwen/Qwen3-0.6B, or a folder.")
    bounds = limits()
    bounds.check_hub(name)  # before anything is said about folders
    megabytes = facts_of(name, revision).memory_bytes // 10**6
    bounds.check("run_megabytes", megabytes, f"The size of {name} in megabytes")
    model, sample = ModelConfig(n_ctx=n_ctx or LONGEST_CONTEXT), SampleConfig(prompts=PROMPTS)
    wanted = RunConfig(model=model, sample=sample, start_from=name, start_revision=revision)
    config = settle_start(with_whole_start(wanted), report)
    known = None if run_name else _opened_before(config, root)
    if known is not None:
        return known
    report(LOADING, 0, 0)
    folder = root / OPENING / f"{os.getpid()}-{time.time_ns()}"
    try:
        _write(config, folder)
        return runs.move_to_free_name(folder, root, run_name or Path(config.start_from).name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened_before(config: RunConfig, root: Path) -> Path | None:
    if config.start_revision == LOCAL:
        return None
    text = config.to_json()
    for run in runs.list_runs(root):
        is_opened = runs.status(run)["reason"] == OPENED and runs.checkpoints(run)
        if is_opened and (run / "config.json").read_text(encoding="utf-8") == text:
            return run
    return None


def _write(config: RunConfig, folder: Path) -> None:
    tokenizer = build_tokenizer(config.data.tokenizer, (), end_token=True)
    check_match(config, tokenizer)
    if isinstance(tokenizer, PretrainedTokenizer):
        tokenizer = tokenizer.widened(config.model.d_vocab)
    model = start_model(config)
    folder.mkdir(parents=True)
    write_text_atomic(folder / "config.json", config.to_json(), durable=True)
    tokenizer.save(folder / "tokenizer")
    save_checkpoint(model, build_optimizer(model, config.optim), 0, runs.checkpoint_folder(folder, 0))
    status = {"state": "finished", "reason": OPENED, "step": 0, "latest": 0, "created": time.time()}
    write_json_atomic(folder / "status.json", status)
