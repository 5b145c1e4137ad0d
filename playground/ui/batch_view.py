"""A batch as the model sees it, as HTML: every token with its target below it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from playground.tokenizers import Tokenizer

MAX_CELLS, MAX_ROWS = 2400, 16
"""Tokens and rows that are drawn; more would make the page slow, and nobody reads them."""

PADDING = None

N_COLOURS = 6
"""Colours of tokens, of which static/tokenize.css says what they are."""


def render_batch(
    tokenizer: Tokenizer, inputs: Sequence[Sequence[int]], targets: Sequence[Sequence[int | None]], title: str
) -> str:
    """Return the rows of a batch; a target of None is passed over by the loss, and its input is filling."""
    n_rows = min(len(inputs), MAX_ROWS)
    width = min(len(inputs[0]), max(1, MAX_CELLS // n_rows))
    rows = "".join(
        _row(tokenizer, number, inputs[number][:width], targets[number][:width]) for number in range(n_rows)
    )
    learned = sum(target is not PADDING for row in targets for target in row)
    filled = sum(len(row) for row in targets) - learned
    figures = f"{len(inputs)} rows of {len(inputs[0])} tokens · the loss is the mean over {learned:,} targets"
    if filled:
        figures += f" · {filled:,} places are filled up and count for nothing"
    cut = ""
    if n_rows < len(inputs) or width < len(inputs[0]):
        cut = f'<p class="pg-note">Shown: {n_rows} rows, the first {width} tokens of each.</p>'
    return (
        f'<div class="pg-batch"><p class="pg-batch-title"><b>{html.escape(title)}</b> '
        f"<span>{figures}</span></p>"
        f'<p class="pg-note">In colour what the model reads; below it what it is to predict there.</p>'
        f"{rows}{cut}</div>"
    )


def _row(tokenizer: Tokenizer, number: int, inputs: Sequence[int], targets: Sequence[int | None]) -> str:
    """Return the pairs of a row, and the filling at its end as one stretch."""
    length = sum(target is not PADDING for target in targets)
    cells = "".join(
        _cell(tokenizer, position, token, target)
        for position, (token, target) in enumerate(zip(inputs, targets, strict=True))
        if target is not PADDING
    )
    filled = len(inputs) - length
    where = f"positions {length} to {len(inputs) - 1}"
    filling = (
        f'<span class="pg-pair pg-pad" title="{where}" data-filled="{filled}">'
        f"<b>filled up × {filled}</b><small>no target, no loss</small></span>"
    )
    return (
        f'<div class="pg-batch-row" data-row="{number}"><span class="pg-batch-number">{number}</span>'
        f"{cells}{filling if filled else ''}</div>"
    )


def _cell(tokenizer: Tokenizer, position: int, token: int, target: int) -> str:
    read, wanted = tokenizer.label(token), tokenizer.label(target)
    said = html.escape(
        f"position {position}: reads {read} (id {token}), is to predict {wanted} (id {target})"
    )
    return (
        f'<span class="pg-pair" title="{said}"><b class="pg-c{token % N_COLOURS}">{html.escape(read)}</b>'
        f"<small>{html.escape(wanted)}</small></span>"
    )
