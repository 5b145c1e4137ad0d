"""The training loop: batches in, metric records out; no files, no print, no page.

    for record in train(model, optimizer, data, config, device):
        print(record)

Stopping is the caller's: it takes no further record. Between two records the weights are those of
`record["step"]`, so that is when to save, sample or look.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from playground.config import ConfigError, RunConfig
from playground.dataset import Tokens, evaluation_starts, get_batch, windows
from playground.optim import clip_gradients
from playground.schedules import lr_at

Record = dict[str, Any]

SPEED_SECONDS = 2.0
"""Tokens per second are averaged over about this long."""


class DivergedError(RuntimeError):
    """The loss is no longer a number; the message says at which step and what to try."""


@dataclass
class Data:
    """The two token arrays of a run, and how long its tokens are, for bits per byte."""

    train: Tokens
    val: Tokens
    bytes_per_token: float

    def check(self, n_ctx: int) -> None:
        """Raise ConfigError if the training text is shorter than one context."""
        if len(self.train) <= n_ctx:
            raise ConfigError(
                f"The training text has {len(self.train):,} tokens, but one context takes {n_ctx:,} and a "
                f"target (n_ctx = {n_ctx:,}): choose a shorter context or more text."
            )


@dataclass
class Progress:
    """Where a run stands: what a checkpoint must hold besides weights and optimizer.

    Time spent paused is added to paused_s by the caller, and is not counted as elapsed.
    """

    step: int = 0
    tokens_seen: int = 0
    elapsed_s: float = 0.0
    paused_s: float = 0.0


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: Data,
    config: RunConfig,
    device: torch.device,
    progress: Progress | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Record]:
    """Yield a record after every step, with the losses where they were measured; step 0 is evaluated first.

    `train_loss` is that of the batch the step learned from, in nats per token, before its update.
    `progress` and `generator` (of the batch order) are moved on, and resume a run where given.
    Raises DivergedError when the loss is not finite.
    """
    progress = progress or Progress()
    generator = generator or torch.Generator().manual_seed(config.train.seed)
    settings, speed = config.train, Speed(progress.tokens_seen)
    began = time.perf_counter() - progress.elapsed_s - progress.paused_s
    if progress.step == 0:
        yield {"step": 0, "tokens_seen": 0, "elapsed_s": 0.0} | evaluate(model, data, config, device)
    while progress.step < settings.steps:
        lr = lr_at(progress.step, config.optim, settings.steps)
        loss, grad_norm = train_step(model, optimizer, data.train, config, device, generator, lr)
        progress.step += 1
        progress.tokens_seen += settings.batch_size * settings.accumulate * config.model.n_ctx
        record: Record = {"step": progress.step, "tokens_seen": progress.tokens_seen}
        is_last = progress.step == settings.steps
        if progress.step % settings.log_every == 0 or is_last:
            record |= {"train_loss": loss.item(), "lr": lr, "grad_norm": grad_norm.item()}
            check_finite(record, config)
        if progress.step % settings.eval_every == 0 or is_last:
            record |= evaluate(model, data, config, device, whole=is_last)
        progress.elapsed_s = time.perf_counter() - began - progress.paused_s
        record |= {"elapsed_s": progress.elapsed_s, "tokens_per_s": speed.update(progress.tokens_seen)}
        yield record | {"memory_bytes": memory_bytes(device)}


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    tokens: Tokens,
    config: RunConfig,
    device: torch.device,
    generator: torch.Generator,
    lr: float,
) -> tuple[Tensor, Tensor]:
    """Learn from one batch; return its loss and the length of the gradient before clipping."""
    model.train()
    total = torch.zeros((), device=device)
    for _ in range(config.train.accumulate):
        inputs, targets = get_batch(tokens, config.train.batch_size, config.model.n_ctx, device, generator)
        with mixed_precision(device):
            loss = loss_of(model, inputs, targets) / config.train.accumulate
        loss.backward()
        total += loss.detach()
    grad_norm = clip_gradients(model.parameters(), config.optim.max_grad_norm or math.inf)
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total, grad_norm


def loss_of(model: nn.Module, inputs: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    """Return the cross entropy of (batch pos) targets in nats per token."""
    logits = model(inputs)
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction=reduction)


@torch.no_grad()
def evaluate(
    model: nn.Module, data: Data, config: RunConfig, device: torch.device, *, whole: bool = False
) -> Record:
    """Measure loss and accuracy on the fixed validation sample, or on all of the validation text."""
    model.eval()
    n_ctx = min(config.model.n_ctx, len(data.val) - 1)
    wanted = len(data.val) if whole else config.train.eval_sequences
    starts = evaluation_starts(len(data.val), wanted, n_ctx)
    size = config.train.batch_size
    total_loss, correct, count = 0.0, 0, 0
    for i in range(0, len(starts), size):
        inputs, targets = windows(data.val, starts[i : i + size], n_ctx, device)
        with mixed_precision(device):
            logits = model(inputs).flatten(0, 1).float()
        targets = targets.flatten()
        total_loss += F.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(dim=-1) == targets).sum())
        count += len(targets)
    loss = total_loss / count
    return {
        "val_loss": loss,
        "val_accuracy": correct / count,
        "val_bits_per_byte": loss / math.log(2) / data.bytes_per_token,
        "val_perplexity": math.exp(min(loss, 700)),
    }


def check_finite(record: Record, config: RunConfig) -> None:
    """Raise DivergedError if a loss or gradient is not finite."""
    if not (math.isfinite(record["train_loss"]) and math.isfinite(record["grad_norm"])):
        raise DivergedError(
            f"The loss is no longer a number at step {record['step']}: the learning rate "
            f"({config.optim.lr:g}) is probably too high, try a third of it."
        )


def pick_device(name: str) -> torch.device:
    """Return the device of a name; auto takes a GPU if there is one. Raises ConfigError if it is missing."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if available[device])
    if not available.get(name):
        raise ConfigError(f"device is {name!r}, but this machine has none that PyTorch can use.")
    return torch.device(name)


def mixed_precision(device: torch.device):
    """Compute matrix products in bfloat16 where the hardware has it."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def memory_bytes(device: torch.device) -> int:
    """Return the peak memory so far: of the GPU if it trains, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Speed:
    """Tokens per second, averaged over the last SPEED_SECONDS or so."""

    def __init__(self, tokens_seen: int) -> None:
        self.marks = [(time.perf_counter(), tokens_seen)]

    def update(self, tokens_seen: int) -> float:
        """Note how many tokens have been seen by now, and return the speed."""
        now = time.perf_counter()
        self.marks.append((now, tokens_seen))
        while len(self.marks) > 2 and now - self.marks[1][0] > SPEED_SECONDS:
            self.marks.pop(0)
        (then, before), (now, after) = self.marks[0], self.marks[-1]
        return (after - before) / max(now - then, 1e-9)
