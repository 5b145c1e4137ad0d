"""A batch as the model sees it, as HTML: every token with its target below it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from playground.tokenizers import Tokenizer

MAX_CELLS, MAX_ROWS = 2400, 16
"""Tokens and rows that are drawn; more would make the page slow, and nobody reads them."""

N_COLOURS = 6
"""Colours of tokens, of which static/tokenize.css says what they are."""


@dataclass(frozen=True)
class Batch:
    """Rows of tokens as training takes them."""

    inputs: Sequence[Sequence[int]]
    targets: Sequence[Sequence[int | None]]
    """None: the loss passes over it."""
    lengths: Sequence[int]
    """Tokens of each row that are not filling."""


def render_batch(tokenizer: Tokenizer, batch: Batch, title: str) -> str:
    """Return the rows of a batch."""
    n_rows, n_columns = len(batch.inputs), len(batch.inputs[0])
    shown = min(n_rows, MAX_ROWS)
    width = min(n_columns, max(1, MAX_CELLS // shown))
    rows = "".join(_row(tokenizer, batch, number, width) for number in range(shown))
    cut = ""
    if shown < n_rows or width < n_columns:
        cut = f'<p class="pg-note">Shown: {shown} rows, the first {width} tokens of each.</p>'
    return (
        f'<div class="pg-batch"><p class="pg-batch-title"><b>{html.escape(title)}</b> '
        f"<span>{_figures(batch)}</span></p>"
        f'<p class="pg-note">In colour what the model reads; below it what it is to predict there.</p>'
        f"{rows}{cut}</div>"
    )


def _figures(batch: Batch) -> str:
    n_rows, n_columns = len(batch.inputs), len(batch.inputs[0])
    learned = sum(target is not None for row in batch.targets for target in row)
    real = sum(batch.lengths)
    rows = "1 row" if n_rows == 1 else f"{n_rows} rows"
    figures = f"{rows} of {n_columns} tokens · the loss is the mean over {learned:,} targets"
    if real > learned:
        figures += f" · {real - learned:,} tokens are read but not learned"
    if n_rows * n_columns > real:
        figures += f" · {n_rows * n_columns - real:,} places are filled up and count for nothing"
    return figures


def _row(tokenizer: Tokenizer, batch: Batch, number: int, width: int) -> str:
    """Return the pairs of a row, and the filling at its end as one stretch."""
    length = min(batch.lengths[number], width)
    pairs = zip(batch.inputs[number][:length], batch.targets[number][:length], strict=True)
    cells = "".join(_cell(tokenizer, position, *pair) for position, pair in enumerate(pairs))
    filled = width - length
    where = f"positions {length} to {width - 1}"
    filling = (
        f'<span class="pg-pair pg-pad" title="{where}" data-filled="{filled}">'
        f"<b>filled up × {filled}</b><small>no target, no loss</small></span>"
    )
    return (
        f'<div class="pg-batch-row" data-row="{number}"><span class="pg-batch-number">{number}</span>'
        f"{cells}{filling if filled else ''}</div>"
    )


def _cell(tokenizer: Tokenizer, position: int, token: int, target: int | None) -> str:
    read = tokenizer.label(token)
    if target is None:
        kind, wanted, task = "pg-pair pg-unlearned", "–", "what follows is not learned"
    else:
        kind, wanted = "pg-pair", tokenizer.label(target)
        task = f"is to predict {wanted} (id {target})"
    said = html.escape(f"position {position}: reads {read} (id {token}), {task}")
    return (
        f'<span class="{kind}" title="{said}"><b class="pg-c{token % N_COLOURS}">{html.escape(read)}</b>'
        f"<small>{html.escape(wanted)}</small></span>"
    )
