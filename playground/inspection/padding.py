"""Texts of different length in one batch: filled up with padding, which a mask keeps out of sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from playground.inspection.reading import as_one_window, reading
from playground.models import Model

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Reading:
    """What a model makes of each text, read in one way."""

    loss: list[float | None]
    """Mean cross entropy of each text in nats a token; None for a text of one token."""
    next_log_probs: Float[Tensor, "text d_vocab"]
    """Of the token after the end of each text."""
    difference: float
    """The largest difference of a logit at a real token from that of the text read alone."""


@dataclass(frozen=True)
class PaddedBatch:
    """Texts in one batch, and what a model makes of them alone, in the batch, and in it without the mask."""

    tokens: Int[Tensor, "text pos"]
    mask: Bool[Tensor, "text pos"]
    """True at real tokens."""
    alone: Reading
    masked: Reading
    unmasked: Reading
    """The padding is read as if it were text: what goes wrong when the mask is forgotten."""


def read_padded(model: Model, texts: Sequence[Sequence[int]], pad_id: int, side: Side) -> PaddedBatch:
    """Read texts one by one, in a padded batch with its mask, and without the mask.

    Raises InspectionError for a text that is empty or longer than the context.
    """
    with reading(model):
        rows = [as_one_window(model, text)[0] for text in texts]
        alone = [model(row[None])[0] for row in rows]
        longest = max(len(row) for row in rows)
        tokens = torch.full((len(rows), longest), pad_id, device=rows[0].device)
        mask = torch.zeros_like(tokens, dtype=torch.bool)
        for number, row in enumerate(rows):
            place = slice(longest - len(row), None) if side == "left" else slice(len(row))
            tokens[number, place], mask[number, place] = row, True
        masked, unmasked = model(tokens, mask=mask), model(tokens)
        readings = (alone, *([logits[own] for logits, own in zip(batch, mask, strict=True)]
                             for batch in (masked, unmasked)))  # fmt: skip
        return PaddedBatch(tokens.cpu(), mask.cpu(), *(_reading(found, alone, rows) for found in readings))


def _reading(found: list[Tensor], alone: list[Tensor], rows: list[Tensor]) -> Reading:
    losses: list[float | None] = [
        float(torch.nn.functional.cross_entropy(logits[:-1].double(), row[1:])) if len(row) > 1 else None
        for logits, row in zip(found, rows, strict=True)
    ]
    ends = torch.stack([logits[-1].double().log_softmax(dim=-1) for logits in found]).cpu()
    apart = max(float((ours - own).abs().max()) for ours, own in zip(found, alone, strict=True))
    return Reading(losses, ends, apart)
