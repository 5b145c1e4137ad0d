"""Is it parroting? What of a text stands in the run's training text, with the document it is from."""

from __future__ import annotations

import html
import time
from pathlib import Path
from typing import Any

import numpy as np

from playground import runs
from playground.parroting import Copies, N, Stretch, find_copies
from playground.text_stream import text_of
from playground.token_files import read_tokens
from playground.ui.corpus_facts import Task
from playground.ui.counted_text import ask_text
from playground.ui.messages import note
from playground.ui.models_in_memory import Talker

SHOWN = 3
"""The longest stretches are underlined and shown; short ones are how the language goes."""
AROUND = 40
"""Tokens of the source shown on each side."""
WAIT_SECONDS = 3.0
"""So long is waited for a text that was not kept with its run; else the next text is compared."""


def copies_note(talker: Talker, tokens: list[int]) -> tuple[str, list[list[int]]]:
    """Return what was copied as HTML, and the stretches to underline as start and length."""
    if len(tokens) < N:
        return "", []
    try:
        folder = _text(runs.find(runs.runs_root(), talker.loaded.run))
    except runs.RunError as error:
        return note(f"Whether it copies can't be told: {error}"), []
    if folder is None:
        return note("Its training text is being made again: the next text will be compared with it."), []
    train = read_tokens(folder / "train.npy")
    copies = find_copies(np.array(tokens), train)
    longest = copies.stretches[:SHOWN]
    rows = "".join(_row(talker, one, train, folder) for one in longest)
    body = f'<details class="pg-copies"><summary>{_summary(copies)}</summary>{rows}</details>'
    return body, [[one.start, one.length] for one in longest]


def _text(run: Path) -> Path | None:
    """Return the folder of a run's training tokens, None where they aren't there in time."""
    runs.require_text(run)
    last = time.monotonic() + WAIT_SECONDS
    while isinstance(folder := ask_text(run), Task):
        if time.monotonic() > last:
            return None
        time.sleep(0.05)
    return folder / "tokens"


def _summary(copies: Copies) -> str:
    if not copies.stretches:
        return f"Not copied: no {N} tokens in a row are in the training text."
    longest = copies.stretches[0].length
    return (
        f"Copied: {copies.share:.0%} of its {N}-grams are in the training text; "
        f"the longest stretch has {longest} tokens."
    )


def _row(talker: Talker, one: Stretch, train: Any, folder: Path) -> str:
    ends = (
        max(0, one.source - AROUND),
        one.source,
        one.source + one.length,
        one.source + one.length + AROUND,
    )
    before, same, after = (
        html.escape(text_of(talker.tokenizer, train[a:b].tolist()))
        for a, b in zip(ends, ends[1:], strict=False)
    )
    place = f"{one.length} tokens, {_document(folder, one.source)}"
    return f"<p><small>{place}</small><br>…{before}<mark>{same}</mark>{after}…</p>"


def _document(folder: Path, place: int) -> str:
    """Say in which document of the training text a token stands."""
    starts = _starts(folder)
    if starts is None:
        return f"from token {place:,} of the training text on"
    number = int(np.searchsorted(starts, place, side="right"))
    return f"from document {number:,} of {len(starts) - 1:,} of the training text"


def _starts(folder: Path) -> Any:
    path = folder / "train.starts.npy"
    return read_tokens(path) if path.is_file() else None
