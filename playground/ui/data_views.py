"""What the Data tab shows of a text that is ready."""

from __future__ import annotations

from typing import Any

import gradio as gr

from playground.config import ConfigError, RunConfig
from playground.documents import document
from playground.long_documents import said_of_long, split_tokens
from playground.prepared import Prepared
from playground.ui import messages
from playground.ui.baselines_view import Scale, render_baselines
from playground.ui.batch_view import Batch, render_batch
from playground.ui.documents_view import render_document, render_lengths
from playground.ui.facts_view import facts_of, render_common, render_sizes
from playground.ui.preview import check_rows
from playground.ui.text_watch import prepared_of
from playground.ui.train_form import Form

MAX_BATCH = 1000
"""Batches can be looked at up to this number; each is drawn from the first one on."""


def show_counting(opened: bool, key: str, unit: str) -> tuple[str, str, str]:
    """Return the picture of the baselines, the sizes, and the commonest tokens and pairs."""
    prepared = prepared_of(key) if opened else None
    if prepared is None:
        return "", "", ""
    facts = facts_of(prepared)
    scale = Scale(unit, prepared.bytes_per_token, facts.bytes_per_token("train"))
    return (
        render_baselines(prepared.baselines, scale),
        render_sizes(prepared, facts),
        render_common(prepared.tokenizer, facts),
    )


def show_document(opened: bool, key: str, split: str, number: float | None) -> tuple[Any, str]:
    """Return the number of the document shown, from 1, and the document."""
    prepared = prepared_of(key) if opened else None
    if prepared is None:
        return gr.skip(), ""
    if split not in prepared.tokens:
        said = "There is no test text: choose a split with one, as 80 / 10 / 10."
        return gr.skip(), messages.note(said)
    shown = document(prepared, split, int(number or 1) - 1)
    # An answer that comes late must not take back a number that was chosen meanwhile.
    inside = gr.skip() if shown.number + 1 == number else shown.number + 1
    return inside, render_document(prepared.tokenizer, shown)


def show_lengths(opened: bool, key: str) -> str:
    """Return how long the documents are."""
    prepared = prepared_of(key) if opened else None
    return render_lengths(facts_of(prepared).lengths) if prepared else ""


def show_batch(opened: bool, key: str, number: int, *values: Any) -> str:
    """Return batch `number`, from 0, of the run that these settings would start."""
    prepared = prepared_of(key) if opened else None
    if prepared is None:
        return ""
    try:
        return batch_html(prepared, Form.read(values).config(), number)
    except ValueError as error:  # settings that can't work, in one sentence
        return messages.error(str(error))


def batch_html(prepared: Prepared, config: RunConfig, number: int) -> str:
    """Return a batch of a run as HTML; raises ConfigError if the text gives none."""
    batch = batch_of(prepared, config, number)
    step, part = divmod(number, config.train.accumulate)
    title = f"Batch of step {step + 1}" + (f", part {part + 1}" if config.train.accumulate > 1 else "")
    return said_before(prepared, config) + render_batch(prepared.tokenizer, batch, title)


def said_before(prepared: Prepared, config: RunConfig) -> str:
    """Return what becomes of documents that are too long, as a note."""
    said = said_of_long(prepared, config)
    return messages.note(said) if said else ""


def batch_of(prepared: Prepared, config: RunConfig, number: int) -> Batch:
    """Return batch `number`, from 0, of a run.

    Raises ConfigError if the text is too short, or can't be padded since it is not made of documents.
    """
    from playground.dataset import NO_TARGET, nth_rows, rows_of  # PyTorch, which the page starts without

    check_rows(prepared, config)
    split = split_tokens(prepared, "train", config)
    starts = split.starts if config.data.batches == "padded" else None
    rows = rows_of(split.tokens, starts, config.model.n_ctx, split.learned)
    if not rows.n_rows:
        raise ConfigError(f"No answer begins within {config.model.n_ctx:,} tokens: choose a longer context.")
    chosen = nth_rows(rows, config.train.batch_size, config.train.seed, number)
    inputs, targets = rows.take(chosen, "cpu")
    masked = [[None if t == NO_TARGET else t for t in row] for row in targets.tolist()]
    return Batch(inputs.tolist(), masked, rows.lengths(chosen))
