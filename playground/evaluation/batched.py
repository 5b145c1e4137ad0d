"""The likeliest text after many prompts at once: left padding, one cache, and rows that are done dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from playground.inspection.reading import reading
from playground.models import Model, Transformer
from playground.models.stepping import build_stepper, can_be_compiled

DROP_SHARE = 0.75
"""Rows are dropped once no more than this share goes on: dropping copies what the others have read."""


def greedy(
    model: Model,
    prompts: Sequence[Sequence[int]],
    max_tokens: int,
    is_done: Callable[[int, list[int]], bool],
) -> list[list[int]]:
    """Return what follows each prompt, always taking the most likely token.

    A row goes on until is_done(its number, its tokens so far) is true, asked after each token, or for
    max_tokens. Prompt and answer must fit into the context. Raises ValueError if they do not.
    """
    written: list[list[int]] = [[] for _ in prompts]
    done = [False] * len(prompts)
    rows = list(range(len(prompts)))
    with reading(model):
        tokens, mask = left_padded(prompts, next(model.parameters()).device)
        cache = model.new_cache(len(prompts))
        logits = _last_logits(model, tokens, cache, mask)
        step = _stepping(model, cache)
        for n_written in range(1, max_tokens + 1):
            newest = logits.argmax(dim=-1)
            for row, token in zip(rows, newest.tolist(), strict=True):
                if not done[row]:
                    written[row].append(token)
                    done[row] = is_done(row, written[row])
            going = [place for place, row in enumerate(rows) if not done[row]]
            if not going or n_written == max_tokens:
                break
            if len(going) <= DROP_SHARE * len(rows):
                kept = torch.tensor(going, device=newest.device)
                cache.pick(kept)
                rows, newest = [rows[place] for place in going], newest[kept]
                step = _stepping(model, cache)
            logits = step(newest)
    return written


def _stepping(model: Model, cache: Any) -> Callable[[Tensor], Tensor]:
    """Return the fastest way to read one more token of each row."""
    if isinstance(model, Transformer) and (cache.mask is None or can_be_compiled(model)):
        return build_stepper(model, cache).logits
    return lambda newest: _last_logits(model, newest[:, None], cache, None)


def left_padded(
    rows: Sequence[Sequence[int]], device: torch.device
) -> tuple[Int[Tensor, "batch pos"], Bool[Tensor, "batch pos"] | None]:
    """Return rows filled up at their left, and which tokens are real; None where all are."""
    width = max(map(len, rows))
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    for i, row in enumerate(rows):
        tokens[i, width - len(row) :] = torch.as_tensor(row)
        mask[i, width - len(row) :] = True
    return tokens.to(device), None if mask.all() else mask.to(device)


def _last_logits(
    model: Model, tokens: Int[Tensor, "batch pos"], cache: Any, mask: Tensor | None
) -> Float[Tensor, "batch d_vocab"]:
    """Return the logits after the last token; of no other, since a large vocabulary takes much memory."""
    return model.unembed(model.hidden(tokens, cache, mask)[:, -1])
