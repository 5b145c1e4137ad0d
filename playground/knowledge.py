"""What a model knows, measured at every evaluation: which way of counting its predictions come closest to.

- The divergence KL(model || reference) from the uniform, unigram, bigram and trigram distributions of the
  training text, averaged over a fixed probe. It is what a text drawn from the model would cost more, in nats
  per token, if it were coded by counting. This direction because it is always finite (a smoothed n-gram model
  gives every token some probability) and never larger than -ln of the smallest: a model on its way comes
  close to the unigram, then to the bigram, and then leaves both.
- The loss by position in the context: does more context help yet?
- The induction score (Olsson et al. 2022): how many nats a token of a random segment costs less when the
  segment comes a second time. Nothing but looking back can make it positive.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from playground.config import ModelConfig
from playground.dataset import NO_TARGET, Tokens
from playground.linear_loss import score
from playground.models import Model
from playground.ngram_tables import next_token_tables
from playground.ngrams import NgramModel, fit_ngrams
from playground.position_buckets import position_buckets

REFERENCES = ("uniform", "unigram", "bigram", "trigram")
MAX_PROBES, MAX_NUMBERS = 256, 1 << 22
"""Positions of the probe, and probabilities of one reference there: with GPT-2's tokens, 83 positions."""

MAX_COUNTED = 2_000_000
"""Training tokens that the references are counted on: a launch should not wait."""

MAX_SEGMENT = 32
SEED = 0


@dataclass(frozen=True)
class Knowledge:
    """The probe of a run: made once, the same at every evaluation."""

    log_probs: Float[Tensor, "order probe d_vocab"]
    """ln p of the n-gram models after each position of the probe."""
    copies: Int[Tensor, "segment pos"] | None
    """Random segments, each twice in a row; None where the context is too short for that."""

    @torch.no_grad()
    def measure(
        self, model: Model, hidden: Float[Tensor, "batch pos d_model"], targets: Int[Tensor, "batch pos"]
    ) -> dict[str, float]:
        """Return the divergences as kl_uniform, kl_unigram, ..., and the score as `induction`, in nats.

        `hidden` is the model's of the first batch of the evaluation: the probe costs no pass of its own.
        """
        probed = hidden[targets != NO_TARGET][: self.log_probs.shape[1]]
        weight = model.unembed.weight
        logits = probed if weight is None else probed.to(weight.dtype) @ weight.mT
        found = divergences(logits.float(), self.log_probs)
        if self.copies is not None:
            found["induction"] = induction_score(model, self.copies)
        return found


def divergences(
    logits: Float[Tensor, "probe d_vocab"], log_probs: Float[Tensor, "order probe d_vocab"]
) -> dict[str, float]:
    """Return the mean KL(model || reference), in nats: from uniform, then from each of the others."""
    log_p = logits.log_softmax(dim=-1)
    p, n = log_p.exp(), len(logits)
    information = torch.dot(p.flatten(), log_p.flatten()).item() / n
    crossed = [-math.log(logits.shape[-1])]
    crossed += [torch.dot(p.flatten(), reference.flatten()).item() / n for reference in log_probs]
    return {
        f"kl_{name}": max(0.0, information - reference)  # below zero by rounding alone
        for name, reference in zip(REFERENCES, crossed, strict=False)
    }


@torch.no_grad()
def induction_score(model: Model, copies: Int[Tensor, "segment pos"]) -> float:
    """Return the mean loss on the first of two copies less that on the second, in nats per token.

    The first token of a segment can be foreseen in neither copy and does not count.
    """
    inputs, targets = copies[:, :-1], copies[:, 1:]
    losses, _ = score(model.hidden(inputs), model.unembed.weight, targets)
    length = copies.shape[1] // 2
    first, second = losses[:, : length - 1], losses[:, length:]
    return (first.mean() - second.mean()).item()


def segments_twice(known: Tokens, n_ctx: int) -> Int[Tensor, "segment pos"] | None:
    """Return random segments of the tokens that training knows, each twice: as many as fill a context."""
    length = min(MAX_SEGMENT, max(2, n_ctx // 4))
    if 2 * length - 1 > n_ctx:
        return None
    rng = np.random.default_rng(SEED)  # of its own: the run draws nothing more or less
    segments = rng.choice(known, size=(max(1, n_ctx // (2 * length)), length))
    return torch.from_numpy(np.tile(segments, 2).astype(np.int64))


def build_knowledge(train: Tokens, inputs: Tensor, targets: Tensor, config: ModelConfig) -> Knowledge:
    """Count the training tokens, and work out what counting expects at each position of the probe.

    `inputs` and `targets`, (batch pos), are the first batch of every evaluation; its first positions that
    have a target are the probe.
    """
    ngrams = fit_ngrams(train[:MAX_COUNTED], config.d_vocab, len(REFERENCES) - 1)
    limit = max(1, min(MAX_PROBES, MAX_NUMBERS // config.d_vocab))
    tables = list(_tables(ngrams, inputs.cpu(), targets.cpu(), limit))
    log_probs = torch.from_numpy(np.log(np.concatenate(tables, axis=1))).to(inputs.device)
    copies = segments_twice(ngrams.counts.keys[0], config.n_ctx)
    return Knowledge(log_probs, None if copies is None else copies.to(inputs.device))


def _tables(ngrams: NgramModel, inputs: Tensor, targets: Tensor, limit: int) -> Iterator[NDArray[np.float32]]:
    """Yield what is expected in each row, which is a text of its own, as it is for the model."""
    for row, target in zip(inputs, targets, strict=True):
        tokens = row[target != NO_TARGET].numpy()[:limit]
        if len(tokens):
            yield next_token_tables(ngrams, tokens, len(REFERENCES) - 1)
        limit -= len(tokens)


class PositionLosses:
    """Losses summed up by their position in the context."""

    def __init__(self, n_ctx: int) -> None:
        self.sums, self.counts = np.zeros(n_ctx), np.zeros(n_ctx)

    def add(self, losses: Float[Tensor, "batch pos"], targets: Int[Tensor, "batch pos"]) -> None:
        """Add the losses of a batch; those that have no target are zero."""
        width = targets.shape[1]
        self.sums[:width] += losses.sum(dim=0, dtype=torch.float64).cpu().numpy()
        self.counts[:width] += (targets != NO_TARGET).sum(dim=0).cpu().numpy()

    def replace(self, numbers: Sequence[float]) -> None:
        """Take the sums and then the counts of all processes."""
        self.sums, self.counts = np.split(np.array(numbers), 2)

    def mean(self) -> float:
        """Return the mean of all losses."""
        return float(self.sums.sum() / self.counts.sum())

    def by_bucket(self) -> list[float | None]:
        """Return the mean loss of each group of positions, None for one without targets."""
        starts = position_buckets(len(self.sums))[:-1]
        sums, counts = np.add.reduceat(self.sums, starts), np.add.reduceat(self.counts, starts)
        return [float(s / n) if n else None for s, n in zip(sums, counts, strict=True)]
