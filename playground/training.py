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

from playground.config import ConfigError, RunConfig
from playground.dataset import NO_TARGET, Marks, Rows, Tokens, rows_of
from playground.devices import memory_bytes, mixed_precision
from playground.distributed import ALONE, World
from playground.knowledge import Knowledge, PositionLosses
from playground.linear_loss import linear_cross_entropy, score
from playground.models import Model
from playground.optim import clip_gradients, set_learning_rate
from playground.progress import Progress

Record = dict[str, Any]

SPEED_SECONDS = 2.0
"""Tokens per second are averaged over about this long."""


@dataclass
class Data:
    """The tokens of a run by split, and how long its tokens are, for bits per byte."""

    train: Tokens
    val: Tokens
    bytes_per_token: float
    test: Tokens | None = None
    starts: dict[str, Tokens] | None = None
    """Where documents begin, by split: given where batches are padded documents."""
    learned: dict[str, Marks] | None = None
    """Which tokens the loss is taken on, by split: given where not on all."""
    knowledge: Knowledge | None = None
    """What evaluations compare the model with, where given."""

    def rows(self, split: str, n_ctx: int) -> Rows:
        """Return what batches of a split are made of."""
        starts = None if self.starts is None else self.starts[split]
        learned = None if self.learned is None else self.learned.get(split)
        return rows_of(getattr(self, split), starts, n_ctx, learned)

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
        empty = [split for split in self.learned or {} if not self.rows(split, n_ctx).n_rows]
        if empty:
            raise ConfigError(
                f"No answer of the {empty[0]} split begins within n_ctx = {n_ctx:,} tokens: "
                "choose a longer context, or too_long = split."
            )


def train(
    model: Model,
    optimizer: torch.optim.Optimizer,
    data: Data,
    config: RunConfig,
    device: torch.device,
    progress: Progress | None = None,
    generator: torch.Generator | None = None,
    world: World = ALONE,
) -> Iterator[Record]:
    """Yield a record after every step, with the losses where they were measured; step 0 is evaluated first.

    `train_loss` is that of the batch the step learned from, in nats per token, before its update; `val_loss`
    is always of the same sample, and `full_val_loss`, at the end, of the whole validation text.
    `progress` and `generator` (of the batch order) are moved on, and resume a run where given. Every process
    of a `world` yields the same records.
    Ends early when patience is at its end. Raises DivergedError when the loss is no number or far too high.
    """
    progress = progress or Progress()
    generator = generator or torch.Generator().manual_seed(config.train.seed)
    speed, rows = Speed(progress.tokens_seen), data.rows("train", config.model.n_ctx)
    early_steps = config.train.early_steps()
    began = time.perf_counter() - progress.elapsed_s - progress.paused_s
    if progress.step == 0:
        yield {"step": 0, "tokens_seen": 0, "elapsed_s": 0.0} | evaluate(model, data, config, device, world)
    while progress.step < config.train.steps and not progress.is_out_of_patience(config):
        lr = progress.learning_rate(config)
        world.begin_step(config.train.seed, progress.step)
        loss, grad_norm, n_tokens = train_step(model, optimizer, rows, config, device, generator, lr, world)
        progress.step += 1
        progress.tokens_seen += n_tokens
        record: Record = {"step": progress.step, "tokens_seen": progress.tokens_seen}
        is_early = progress.step in early_steps
        if is_early or is_due(progress.step, config, "log_every", "eval_every", "checkpoint_every"):
            record |= {"train_loss": loss.item(), "lr": lr, "grad_norm": grad_norm.item()}
        is_regular = is_due(progress.step, config, "eval_every", "checkpoint_every")
        if is_early or is_regular:
            record |= evaluate(model, data, config, device, world)
        if is_regular:  # the first steps are no test of patience
            progress.note_evaluation(record["val_loss"])
        progress.check(record, config)
        if progress.step == config.train.steps or progress.is_out_of_patience(config):
            record |= evaluate_at_end(model, data, config, device, world)
        progress.elapsed_s = time.perf_counter() - began - progress.paused_s
        record |= {"elapsed_s": progress.elapsed_s, "tokens_per_s": speed.update(progress.tokens_seen)}
        yield record | {"memory_bytes": memory_bytes(device)}


def is_due(step: int, config: RunConfig, *every: str) -> bool:
    """Tell whether one of these settings falls on a step; at the last step, all do.

    Every checkpoint is evaluated, so that the best one is found by comparing like with like.
    """
    return step == config.train.steps or any(step % getattr(config.train, name) == 0 for name in every)


def train_step(
    model: Model,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: RunConfig,
    device: torch.device,
    generator: torch.Generator,
    lr: float,
    world: World = ALONE,
) -> tuple[Tensor, Tensor, int]:
    """Learn from one batch; return its loss, the length of the gradient before clipping, and its tokens.

    The batch may come in several parts; each target counts alike, in whichever part it is, so that only sums
    are in another order. AdamW makes more of that where gradients are near zero, since it divides them by
    their own size: float32 weights may then differ by more than rounding, though losses don't.
    """
    model.train()
    parts = [rows.draw(config.train.batch_size, device, generator) for _ in range(config.train.accumulate)]
    n_tokens = sum(int((targets != NO_TARGET).sum()) for _, targets in parts)
    total = torch.zeros((), device=device, dtype=next(model.parameters()).dtype)
    for number, part in enumerate(parts, start=1):
        with mixed_precision(device, config.train.precision):
            loss = world.loss(loss_of, model, *part, is_last=number == len(parts)) / n_tokens
        loss.backward()
        total += loss.detach()
    grad_norm = clip_gradients(model.parameters(), config.optim.max_grad_norm or math.inf)
    set_learning_rate(optimizer, lr)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return world.average(total), grad_norm, n_tokens


def loss_of(model: Model, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the sum of the cross entropies of (batch pos) targets, in nats."""
    return linear_cross_entropy(model.hidden(inputs), model.unembed.weight, targets)


@torch.no_grad()
def evaluate(
    model: Model,
    data: Data,
    config: RunConfig,
    device: torch.device,
    world: World = ALONE,
    *,
    split: str = "val",
    whole: bool = False,
) -> Record:
    """Measure loss and accuracy on the fixed sample of a split, or on all of it; processes share the work."""
    model.eval()
    losses, correct, known = PositionLosses(config.model.n_ctx), 0, {}
    for inputs, targets in evaluation_batches(data, config, device, world, split=split, whole=whole):
        with mixed_precision(device, config.train.precision):
            hidden = model.hidden(inputs)
            found, right = score(hidden, model.unembed.weight, targets)
        if data.knowledge is not None and not (whole or known):
            known = data.knowledge.measure(model, hidden, targets)
        losses.add(found, targets)
        correct += right
    correct, *sums = world.total(correct, *losses.sums.tolist(), *losses.counts.tolist())
    losses.replace(sums)
    loss = losses.mean()
    record: Record = {
        f"{split}_loss": loss,
        f"{split}_accuracy": correct / float(losses.counts.sum()),
        f"{split}_bits_per_byte": loss / math.log(2) / data.bytes_per_token,
        f"{split}_perplexity": math.exp(min(loss, 700)),
    }
    return record | known | ({"position_loss": losses.by_bucket()} if known else {})


def evaluation_batches(
    data: Data,
    config: RunConfig,
    device: torch.device,
    world: World = ALONE,
    *,
    split: str = "val",
    whole: bool = False,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield inputs and targets of this process's share of a split's sample, or of all of it, (batch pos)."""
    rows, size = data.rows(split, config.model.n_ctx), config.train.batch_size
    chosen = rows.evaluation_rows(rows.n_rows if whole else config.train.eval_sequences)
    for i in range(world.rank * size, len(chosen), world.size * size):
        yield rows.take(chosen[i : i + size], device)


def evaluate_at_end(
    model: Model, data: Data, config: RunConfig, device: torch.device, world: World = ALONE
) -> Record:
    """Measure on the whole validation text, under names of its own, and on the test text if there is one."""
    whole = evaluate(model, data, config, device, world, whole=True)
    record = {f"full_{name}": value for name, value in whole.items()}
    if data.test is not None:
        record |= evaluate(model, data, config, device, world, split="test", whole=True)
    return record


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
