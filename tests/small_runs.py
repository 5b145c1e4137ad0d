"""Small runs for tests: a config that trains in seconds, and workers that are always ended."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import torch

from playground import processes, runs
from playground.config import DataConfig, ModelConfig, OptimConfig, RunConfig, SampleConfig, TrainConfig
from playground.models import Transformer
from playground.optim import build_optimizer
from playground.training import Data, train

TEXT = "the cat sat on the mat. the dog sat on the log. a bird sang in the tree. " * 60


def small_config(**train: Any) -> RunConfig:
    """Return a config of a tiny model on a text file in the run folder."""
    settings = {"steps": 30, "batch_size": 4, "eval_every": 5, "eval_sequences": 4, "sample_every": 10}
    settings |= {"checkpoint_every": 5, "threads": 1, "compile": "off", **train}
    return RunConfig(
        model=ModelConfig(n_ctx=16, d_model=16, n_heads=2, n_layers=1),
        data=DataConfig(corpus="text", text_file="text.txt", tokenizer="char"),
        optim=OptimConfig(lr=1e-2, lr_min=1e-3, warmup_steps=3),
        train=TrainConfig(**settings),
        sample=SampleConfig(prompts=("the ", "a "), max_tokens=8),
    )


def make_run(root: Path, name: str = "small", text: str = TEXT, **train: Any) -> Path:
    """Create a run folder with its text, not started."""
    run = runs.create(root, name, small_config(**train).to_json())
    (run / "text.txt").write_text(text)
    return run


def slow(config: RunConfig) -> RunConfig:
    """Return the config with more steps than a test waits for."""
    return dataclasses.replace(config, train=dataclasses.replace(config.train, steps=1_000_000))


def wait_for(run: Path, condition, seconds: float = 60) -> dict[str, Any]:
    """Wait until a run's status fulfils a condition, and return it."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        status = runs.status(run)
        if condition(status):
            return status
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain: {runs.status(run)}")


def end(pid: int) -> None:
    """Kill a worker that is still there, and wait until it is gone."""
    started = processes.start_time(pid)
    if started is not None:
        processes.kill(pid, started)
        while processes.is_alive(pid, started):
            time.sleep(0.02)


def trained_loss(data: Data, d_vocab: int, steps: int = 60) -> float:
    """Train a small model for a few steps and return its loss on all of the validation text."""
    config = small_config(steps=steps, eval_every=steps)
    model_config = ModelConfig(d_vocab=d_vocab, n_ctx=32, d_model=32, n_heads=2, n_layers=2)
    config = dataclasses.replace(config, model=model_config)
    torch.manual_seed(0)
    model = Transformer(model_config)
    optimizer = build_optimizer(model, config.optim)
    *_, last = train(model, optimizer, data, config, torch.device("cpu"))
    return last["val_loss"]
