"""A pretrained model as a run that was never trained: Sample, Inspect and evaluation open it like any."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from playground import runs
from playground.checkpoint import model_tensors
from playground.config import DataConfig, RunConfig, SampleConfig
from playground.config.run import LOCAL
from playground.files import write_json_atomic
from playground.models import Model
from playground.pretrained.facts import ModelFacts, facts_of, read_config
from playground.pretrained.fetch import Report, fetch, ignore
from playground.pretrained.loading import LOADING, model_in
from playground.pretrained.start import check_match
from playground.tokenizers import PretrainedTokenizer, build_tokenizer

LONGEST_CONTEXT = 1024
"""Where no context is asked for, at most this: the cost of a text grows with it."""

NO_TEXT = "pretrained"
"""Stands in the place of the corpus: what these models were trained on is not known here."""

PROMPTS = ("Once upon a time", "The capital of France is", "def add(a, b):")
EMPTY = {"state": {}, "param_groups": []}


def open_as_run(
    root: Path,
    name: str,
    *,
    revision: str = "",
    run_name: str = "",
    n_ctx: int = 0,
    report: Report = ignore,
) -> Path:
    """Make a run folder of a model of the Hub or of a folder, with its one checkpoint at step 0; return it.

    The weights keep the precision of their files. Raises PretrainedError in one sentence, and then leaves
    nothing behind.
    """
    facts = facts_of(name, revision)
    facts.check_memory()
    folder = fetch(facts.source, report)
    report(LOADING, 0, 0)
    tokenizer = _tokenizer(folder, facts)
    context = n_ctx or min(facts.n_ctx, LONGEST_CONTEXT)
    model = model_in(folder, name, context, precision_of(read_config(folder, name)))
    config = RunConfig(
        model=model.config,
        data=DataConfig(corpus=NO_TEXT, tokenizer=tokenizer.spec),
        sample=SampleConfig(prompts=PROMPTS),
        start_from=str(facts.source.folder) if not facts.source.commit else name,
        start_revision=facts.source.commit or LOCAL,
    )
    check_match(config, tokenizer)
    tokenizer = tokenizer.widened(model.config.d_vocab)
    report("writing the run", 0, 0)
    run = runs.create(root, run_name or Path(name).name, config.to_json())
    try:
        tokenizer.save(run / "tokenizer")
        _save(model, runs.checkpoint_folder(run, 0))
        _finish(run, facts)
    except BaseException:
        shutil.rmtree(run, ignore_errors=True)
        raise
    return run


def precision_of(config: Any) -> torch.dtype:
    """Return the precision in which a model's files are, float32 where they do not say."""
    known = (torch.float16, torch.bfloat16, torch.float64)
    return next((dtype for dtype in known if dtype == getattr(config, "dtype", None)), torch.float32)


def _tokenizer(folder: Path, facts: ModelFacts) -> PretrainedTokenizer:
    """Return the tokenizer beside a model's weights, under the name by which it can be had again."""
    found = build_tokenizer(f"hf:{folder}", (), end_token=True)
    assert isinstance(found, PretrainedTokenizer)
    source = facts.source
    if not source.commit:
        return found
    return PretrainedTokenizer(found.library, f"{source.name}@{source.commit}", found.end_token)


def _save(model: Model, folder: Path) -> None:
    """Write the checkpoint tensor by tensor: the whole model is never held twice."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    temporary.mkdir(parents=True)
    tensors = {name: tensor.contiguous() for name, tensor in model_tensors(model).items()}
    save_file(tensors, temporary / "model.safetensors")
    save_file({}, temporary / "optimizer.safetensors")
    (temporary / "state.json").write_text(json.dumps({"step": 0, "optimizer": EMPTY, "extra": {}}))
    os.rename(temporary, folder)


def _finish(run: Path, facts: ModelFacts) -> None:
    state = {"state": "finished", "step": 0, "total_steps": 0, "latest": 0, "created": time.time()}
    reason = f"Opened from {facts.source.name}: a pretrained model, not trained here."
    write_json_atomic(run / "status.json", {**state, "reason": reason}, durable=True)
