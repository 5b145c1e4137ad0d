"""The training loop: batches in, metric records out; no files, no print, no page.

    for record in train(model, optimizer, data, config, device):
        print(record)

Stopping is the caller's: it takes no further record. Between two records the weights are those of
`record["step"]`, so that is when to save, sample or look.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from playground.config import ConfigError, RunConfig
from playground.dataset import NO_TARGET, Packed, Padded, Rows, Tokens
from playground.devices import memory_bytes, mixed_precision
from playground.models import Model
from playground.optim import clip_gradients, set_learning_rate
from playground.schedules import lr_at

Record = dict[str, Any]

SPEED_SECONDS = 2.0
"""Tokens per second are averaged over about this long."""


class DivergedError(RuntimeError):
    """The loss is no longer a number; the message says at which step and what to try."""


@dataclass
class Data:
    """The tokens of a run by split, and how long its tokens are, for bits per byte."""

    train: Tokens
    val: Tokens
    bytes_per_token: float
    test: Tokens | None = None
    starts: dict[str, Tokens] | None = None
    """Where documents begin, by split: given where batches are padded documents."""

    def rows(self, split: str, n_ctx: int) -> Rows:
        """Return what batches of a split are made of."""
        tokens = getattr(self, split)
        if self.starts is not None:
            return Padded(tokens, self.starts[split], n_ctx)
        return Packed(tokens, min(n_ctx, len(tokens) - 1))

    def check(self, n_ctx: int) -> None:
        """Raise ConfigError if the training text is shorter than one context, or no documents to pad."""
        if self.starts is not None and not {"train", "val"} <= set(self.starts):
            raise ConfigError(
                'batches is "padded", but this text is not made of documents: choose packed batches.'
            )
        if self.starts is None and len(self.train) <= n_ctx:
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
    model: Model,
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
    rows = data.rows("train", config.model.n_ctx)
    began = time.perf_counter() - progress.elapsed_s - progress.paused_s
    if progress.step == 0:
        yield {"step": 0, "tokens_seen": 0, "elapsed_s": 0.0} | evaluate(model, data, config, device)
    while progress.step < settings.steps:
        lr = lr_at(progress.step, config.optim, settings.steps)
        loss, grad_norm, n_tokens = train_step(model, optimizer, rows, config, device, generator, lr)
        progress.step += 1
        progress.tokens_seen += n_tokens
        record: Record = {"step": progress.step, "tokens_seen": progress.tokens_seen}
        is_last = progress.step == settings.steps
        if progress.step % settings.log_every == 0 or is_last:
            record |= {"train_loss": loss.item(), "lr": lr, "grad_norm": grad_norm.item()}
            check_finite(record, config)
        if progress.step % settings.eval_every == 0 or is_last:
            record |= evaluate(model, data, config, device, whole=is_last)
        if is_last and data.test is not None:
            record |= evaluate(model, data, config, device, split="test", whole=True)
        progress.elapsed_s = time.perf_counter() - began - progress.paused_s
        record |= {"elapsed_s": progress.elapsed_s, "tokens_per_s": speed.update(progress.tokens_seen)}
        yield record | {"memory_bytes": memory_bytes(device)}


def train_step(
    model: Model,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: RunConfig,
    device: torch.device,
    generator: torch.Generator,
    lr: float,
) -> tuple[Tensor, Tensor, int]:
    """Learn from one batch; return its loss, the length of the gradient before clipping, and its tokens.

    The batch may come in several parts; each target counts alike, in whichever part it is.
    """
    model.train()
    parts = [rows.draw(config.train.batch_size, device, generator) for _ in range(config.train.accumulate)]
    n_tokens = sum(int((targets != NO_TARGET).sum()) for _, targets in parts)
    total = torch.zeros((), device=device)
    for inputs, targets in parts:
        with mixed_precision(device, config.train.precision):
            loss = loss_of(model, inputs, targets, reduction="sum") / n_tokens
        loss.backward()
        total += loss.detach()
    grad_norm = clip_gradients(model.parameters(), config.optim.max_grad_norm or math.inf)
    set_learning_rate(optimizer, lr)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total, grad_norm, n_tokens


def loss_of(model: Model, inputs: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    """Return the cross entropy of (batch pos) targets in nats per token."""
    logits = model(inputs)
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction=reduction)


@torch.no_grad()
def evaluate(
    model: Model,
    data: Data,
    config: RunConfig,
    device: torch.device,
    *,
    split: str = "val",
    whole: bool = False,
) -> Record:
    """Measure loss and accuracy on the fixed sample of a split, or on all of it."""
    model.eval()
    rows = data.rows(split, config.model.n_ctx)
    chosen = rows.evaluation_rows(rows.n_rows if whole else config.train.eval_sequences)
    size = config.train.batch_size
    total_loss, correct, count = 0.0, 0, 0
    for i in range(0, len(chosen), size):
        inputs, targets = rows.take(chosen[i : i + size], device)
        with mixed_precision(device, config.train.precision):
            logits = model(inputs).flatten(0, 1).float()
        targets = targets.flatten()
        total_loss += F.cross_entropy(logits, targets, reduction="sum").item()
        correct += int((logits.argmax(dim=-1) == targets).sum())
        count += int((targets != NO_TARGET).sum())
    loss = total_loss / count
    return {
        f"{split}_loss": loss,
        f"{split}_accuracy": correct / count,
        f"{split}_bits_per_byte": loss / math.log(2) / data.bytes_per_token,
        f"{split}_perplexity": math.exp(min(loss, 700)),
    }


def check_finite(record: Record, config: RunConfig) -> None:
    """Raise DivergedError if a loss or gradient is not finite."""
    if not (math.isfinite(record["train_loss"]) and math.isfinite(record["grad_norm"])):
        raise DivergedError(
            f"The loss is no longer a number at step {record['step']}: the learning rate "
            f"({config.optim.lr:g}) is probably too high, try a third of it."
        )


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
