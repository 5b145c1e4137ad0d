"""Batches of tokens for training, and the fixed sample of them for validation.

Two ways to make rows of a text: *packed*, windows from anywhere in the stream of tokens, across documents;
and *padded*, one document a row, filled up to the longest in the batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

Tokens = NDArray[np.integer]

Marks = NDArray[np.bool_]

NO_TARGET = -100
"""Stands as the target where a row is filled up, or a token is not learned; PyTorch's loss passes over it."""


def get_batch(
    tokens: Tokens,
    batch_size: int,
    n_ctx: int,
    device: torch.device | str,
    generator: torch.Generator | None = None,
) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
    """Draw random windows of n_ctx tokens, and the same windows one token on as the targets.

    Every window that fits is equally likely. Raises ValueError if there is none.
    """
    choices = len(tokens) - n_ctx
    if choices < 1:
        raise ValueError(
            f"There are {len(tokens)} tokens, too few for one context of n_ctx = {n_ctx} and a target."
        )
    starts = torch.randint(choices, (batch_size,), generator=generator).tolist()
    return windows(tokens, starts, n_ctx, device)


def windows(
    tokens: Tokens, starts: list[int], n_ctx: int, device: torch.device | str
) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
    """Return the windows of n_ctx tokens from each start, and their targets, both long."""
    rows = np.stack([tokens[start : start + n_ctx + 1] for start in starts]).astype(np.int64)
    batch = torch.from_numpy(rows).to(device, non_blocking=True)
    return batch[:, :-1], batch[:, 1:]


def evaluation_starts(n_tokens: int, n_sequences: int, n_ctx: int) -> list[int]:
    """Return where the validation windows begin: always the same, evenly spread, never overlapping."""
    fitting = (n_tokens - 1) // n_ctx
    count = min(n_sequences, fitting)
    return [i * fitting // count * n_ctx for i in range(count)]


class Rows(ABC):
    """The rows that batches are made of, by number."""

    n_rows: int

    @abstractmethod
    def take(
        self, rows: list[int], device: torch.device | str
    ) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
        """Return the inputs and targets of some rows, both long; targets to pass over are NO_TARGET."""

    def lengths(self, rows: list[int]) -> list[int]:
        """Return how many tokens of each row are not filling."""
        inputs, _ = self.take(rows, "cpu")
        return [inputs.shape[1]] * len(rows)

    @abstractmethod
    def evaluation_rows(self, n_rows: int) -> list[int]:
        """Return at most n_rows rows to evaluate on: always the same, evenly spread, never overlapping."""

    def draw(
        self, batch_size: int, device: torch.device | str, generator: torch.Generator | None = None
    ) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
        """Draw a batch; every row is equally likely."""
        return self.take(self.choose(batch_size, generator), device)

    def choose(self, batch_size: int, generator: torch.Generator | None = None) -> list[int]:
        """Draw the numbers of the rows of a batch."""
        return torch.randint(self.n_rows, (batch_size,), generator=generator).tolist()


def rows_of(tokens: Tokens, starts: Tokens | None, n_ctx: int, learned: Marks | None = None) -> Rows:
    """Return the rows of a split: its documents where `starts` says where they begin, else windows.

    `learned` marks the tokens that are targets, where not all are.
    """
    if starts is not None:
        return Padded(tokens, starts, n_ctx, learned)
    width = min(n_ctx, len(tokens) - 1)
    return Packed(tokens, width) if learned is None else PackedAnswers(tokens, width, learned)


def nth_rows(rows: Rows, batch_size: int, seed: int, n: int) -> list[int]:
    """Return the rows of batch n (from 0) of a run with this seed: what forward pass n of training draws."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n):
        rows.choose(batch_size, generator)
    return rows.choose(batch_size, generator)


class Packed(Rows):
    """Every window of n_ctx tokens is a row, numbered by where it starts."""

    def __init__(self, tokens: Tokens, n_ctx: int) -> None:
        self.tokens, self.n_ctx = tokens, n_ctx
        self.n_rows = len(tokens) - n_ctx

    def take(
        self, rows: list[int], device: torch.device | str
    ) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
        """Return the windows at these starts, and the same one token on."""
        return windows(self.tokens, rows, self.n_ctx, device)

    def evaluation_rows(self, n_rows: int) -> list[int]:
        """Return starts that are evenly spread and a window apart."""
        return evaluation_starts(len(self.tokens), n_rows, self.n_ctx)


class PackedAnswers(Packed):
    """Windows of n_ctx tokens of which only some are learned; windows without any of these are no rows."""

    def __init__(self, tokens: Tokens, n_ctx: int, learned: Marks) -> None:
        super().__init__(tokens, n_ctx)
        self.learned = learned
        before = np.concatenate(([0], np.cumsum(learned)))
        begins = np.arange(self.n_rows)
        self.begins = np.flatnonzero(before[begins + n_ctx + 1] > before[begins + 1])
        self.n_rows = len(self.begins)

    def take(
        self, rows: list[int], device: torch.device | str
    ) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
        """Return windows, and the same one token on, without those that are not learned."""
        starts = self.begins[rows].tolist()
        inputs, targets = windows(self.tokens, starts, self.n_ctx, "cpu")
        marks = np.stack([self.learned[start + 1 : start + self.n_ctx + 1] for start in starts])
        return inputs.to(device), targets.where(torch.from_numpy(marks), NO_TARGET).to(device)

    def evaluation_rows(self, n_rows: int) -> list[int]:
        """Return rows that are evenly spread and a window apart."""
        apart = np.arange(0, len(self.tokens) - self.n_ctx, self.n_ctx)
        found = np.flatnonzero(np.isin(self.begins, apart)).tolist()
        count = min(n_rows, len(found))
        return [found[i * len(found) // count] for i in range(count)]


class Padded(Rows):
    """Every document is a row, from the end token before it to the one after; a long one is several rows.

    Attention is causal and rows are filled up at their right, so no token ever sees the filling: a mask would
    change nothing but the outputs at the filling, and those have no target. Where only some tokens are
    learned, a row without any of these is left out.
    """

    def __init__(self, tokens: Tokens, starts: Tokens, n_ctx: int, learned: Marks | None = None) -> None:
        self.tokens, self.learned = tokens, learned
        first = np.asarray(starts[:-1], dtype=np.int64) - 1  # the end token before the document
        n_targets = np.asarray(starts[1:], dtype=np.int64) - 1 - first
        per_document = -(-n_targets // n_ctx)
        document = np.repeat(np.arange(len(first)), per_document)
        part = np.arange(len(document)) - np.repeat(np.cumsum(per_document) - per_document, per_document)
        self.begin = first[document] + part * n_ctx
        self.length = np.minimum(n_targets[document] - part * n_ctx, n_ctx)
        if learned is not None:
            before = np.concatenate(([0], np.cumsum(learned)))
            has_target = before[self.begin + self.length + 1] > before[self.begin + 1]
            self.begin, self.length = self.begin[has_target], self.length[has_target]
        self.n_rows = len(self.begin)

    def lengths(self, rows: list[int]) -> list[int]:
        """Return how many tokens of each row are not filling."""
        return self.length[rows].tolist()

    def take(
        self, rows: list[int], device: torch.device | str
    ) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
        """Return rows as wide as the longest of them; others are filled up with the end token."""
        width = int(self.length[rows].max())
        inputs = np.empty((len(rows), width), dtype=np.int64)
        targets = np.full((len(rows), width), NO_TARGET, dtype=np.int64)
        for place, row in enumerate(rows):
            begin, length = self.begin[row], self.length[row]
            piece = self.tokens[begin : begin + length + 1]
            inputs[place, :length], targets[place, :length] = piece[:-1], piece[1:]
            if self.learned is not None:
                targets[place, :length][~self.learned[begin + 1 : begin + length + 1]] = NO_TARGET
            inputs[place, length:] = self.tokens[0]
        return torch.from_numpy(inputs).to(device), torch.from_numpy(targets).to(device)

    def evaluation_rows(self, n_rows: int) -> list[int]:
        """Return rows that are evenly spread."""
        count = min(n_rows, self.n_rows)
        return [i * self.n_rows // count for i in range(count)]
